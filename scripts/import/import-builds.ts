import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import prettyBytes from 'pretty-bytes';
import type { Imported, Origin } from '../../site/schemas/build.ts';
import { buildFile, specFile } from '../../site/lib/catalog/catalog-files.ts';
import { parseSpecFile, type KnownNodes } from '../build-cache/spec-file.ts';
import { describeError } from '../cli/command.ts';
import { withProgress, type Progress } from '../cli/progress.ts';
import { isDiskFull, withTemporaryFolder } from '../cli/files.ts';
import { ConnectionError, isTemporary } from '../http/retry.ts';
import { listSpecFiles, refuseShadows } from '../publish/name-collisions.ts';
import { checkTarball, publishEntries, type Destination } from '../publish/publish-cache.ts';
import type { CheckedEntry } from '../publish/resolve.ts';
import type { FetchedTarball, Source, SourceBuild, SourceSpec } from './source.ts';

/**
 * Number of builds that are fetched and then published together: an interrupted import continues after the
 * last batch.
 */
const BATCH_BUILDS = 100;
/** Limit for the tarballs of a batch. */
const BATCH_BYTES = 2 * 1024 ** 3;
/** Builds fetched at a time. */
const CONCURRENCY = 6;

/** Outcome of an import. */
export interface ImportResult {
  /** Number of builds added to the catalog. */
  added: number;
  /** Number of builds that the catalog had already. */
  present: number;
  /**
   * With `isDryRun`: number of valid spec files, and the bytes of their tarballs if the source states them.
   */
  checked: number;
  bytes: number;
  /** Number of builds that were not imported. */
  refused: number;
  /** Number of builds that were read, by the state of their signatures. */
  signatures: Record<Imported['signature'], number>;
  converted: number;
}

/** Options of an import. */
export interface ImportOptions {
  destination: Destination;
  /** Whether only to read and check the spec files, without fetching or writing anything. */
  isDryRun: boolean;
  /** Receives each sentence about a build. None is kept: a source may have 100,000 builds that are not imported. */
  say: (kind: 'not imported' | 'warning', sentence: string) => void;
}

interface Fetched {
  entry: CheckedEntry;
  imported: Imported;
  tarball: FetchedTarball;
}

interface Import extends ImportOptions {
  source: Source;
  result: ImportResult;
  /**
   * Spec files of the catalog, listed once and updated, since listing 10,000 builds for each batch would be
   * slow.
   */
  names: Map<string, string>;
  progress: Progress;
}

/**
 * Imports builds in the given order, in batches, each published before the next is fetched. An interrupted
 * import continues where it stopped when it is run again, and memory does not grow with the number of builds.
 * An invalid build is left out and named. Throws when the source or the registry cannot be reached.
 */
export async function importBuilds(
  source: Source,
  builds: readonly SourceBuild[],
  options: ImportOptions,
): Promise<ImportResult> {
  const { catalogDirectory } = options.destination;
  const wanted = builds.filter(
    (build) => build.version === '' || !existsSync(join(catalogDirectory, buildFile(build))),
  );
  const result: ImportResult = {
    added: 0,
    present: builds.length - wanted.length,
    checked: 0,
    bytes: 0,
    refused: 0,
    signatures: { verified: 0, unchecked: 0, none: 0 },
    converted: 0,
  };
  const names = new Map(listSpecFiles(catalogDirectory));
  await withProgress(options.isDryRun ? 'checking' : 'importing', wanted.length, 'builds', (progress) =>
    withTemporaryFolder(async (folder) => {
      const current = { ...options, source, result, names, progress };
      for (let at = 0; at < wanted.length;)
        at += await importBatch(current, wanted.slice(at, at + BATCH_BUILDS), folder);
    }),
  );
  return result;
}

/** @returns the number of builds in the batch */
async function importBatch(current: Import, batch: readonly SourceBuild[], folder: string): Promise<number> {
  const known: KnownNodes = new Map();
  const target = join(folder, 'batch');
  await mkdir(target);
  const fetched: Fetched[] = [];
  let bytes = 0;
  let taken = 0;
  while (taken < batch.length && bytes < BATCH_BYTES) {
    const next = batch.slice(taken, taken + CONCURRENCY);
    taken += next.length;
    const some = await pMap(next, (build) => tryBuild(current, build, target, known));
    fetched.push(...some.filter((entry) => entry !== undefined));
    bytes = fetched.reduce((sum, { entry }) => sum + entry.tarball.size, 0);
    current.progress.advance(next.length);
  }
  await publish(current, fetched);
  await rm(target, { recursive: true });
  return taken;
}

/** Fetches one build; a fault of that build alone is recorded. */
async function tryBuild(
  current: Import,
  build: SourceBuild,
  target: string,
  known: KnownNodes,
): Promise<Fetched | undefined> {
  try {
    return await fetchBuild(current, build, target, known);
  } catch (error) {
    // Not a fault of this build, and every other one would have it, too.
    if (isDiskFull(error)) throw error;
    if (isTemporary(error) || error instanceof ConnectionError)
      throw new Error(
        `${current.source.address}: cannot be read now; run the import again to continue where it stopped`,
        { cause: error },
      );
    current.result.refused += 1;
    current.say('not imported', `${build.name}/${build.hash}: ${describeError(error)}`);
    return undefined;
  }
}

async function fetchBuild(
  { source, result, names, isDryRun }: Import,
  build: SourceBuild,
  target: string,
  known: KnownNodes,
): Promise<Fetched | undefined> {
  const spec = await source.read(build);
  const checked = parseSpecFile(spec.specText, known);
  const { hash } = checked.root.node;
  if (hash !== build.hash)
    throw new Error(`${spec.where}: expected the spec of that hash, found that of ${hash}`);
  result.signatures[spec.signature] += 1;
  if (isDryRun) {
    result.checked += 1;
    result.bytes += spec.size ?? 0;
    return undefined;
  }
  const tarball = await spec.fetchTarball(target);
  const signed = spec.signature !== 'none';
  const candidate = {
    ...checked,
    where: spec.where,
    tarball: tarball.blob,
    tarballPath: tarball.path,
    signed,
  };
  refuseShadows([candidate], names);
  const entry = await checkTarball(candidate);
  if (tarball.converted !== undefined) result.converted += 1;
  return { entry, tarball, imported: describeImport(source, spec, tarball) };
}

async function publish(
  { destination, names, result, say }: Import,
  fetched: readonly Fetched[],
): Promise<void> {
  if (fetched.length === 0) return;
  const imports = new Map(fetched.map(({ entry, imported }) => [entry.root.node.hash, imported]));
  // A blob that the registry can mount from another of its repositories need not be uploaded.
  const mount = async ({ tarball: { blob, repository } }: Fetched): Promise<void> =>
    void (repository && (await destination.registry.mountBlob(blob, repository)));
  await pMap(fetched, mount, { concurrency: CONCURRENCY });
  const { newBuilds, warnings } = await publishEntries(
    fetched.map(({ entry }) => entry),
    {
      ...destination,
      names,
      originOf: ({ root, inspected }): Origin => ({
        ...(inspected.spackVersion === undefined ? {} : { spack: inspected.spackVersion }),
        imported: imports.get(root.node.hash),
      }),
    },
  );
  for (const { node } of newBuilds.flatMap(({ nodes }) => nodes)) names.set(node.hash, specFile(node));
  result.added += newBuilds.length;
  // Builds that another import, or a publish, has added in the meantime.
  const added = new Set(newBuilds.map(({ root }) => root.node.hash));
  result.present += fetched.filter(
    ({ entry: { root } }) =>
      !added.has(root.node.hash) && existsSync(join(destination.catalogDirectory, buildFile(root.node))),
  ).length;
  for (const warning of warnings) say('warning', warning);
}

function describeImport({ address }: Source, spec: SourceSpec, { converted }: FetchedTarball): Imported {
  return {
    from: address,
    signature: spec.signature,
    ...(spec.key === undefined ? {} : { key: spec.key }),
    ...(converted === undefined ? {} : { converted }),
  };
}

/** The final report of an import: facts about signatures, and a last line with the counts. */
export function importText(
  address: string,
  unmatched: number,
  result: ImportResult,
  { isDryRun, isSigned }: { isDryRun: boolean; isSigned: boolean },
): string {
  const { added, present, checked, bytes, refused, signatures, converted } = result;
  const { none, unchecked, verified } = signatures;
  const left = refused + unmatched;
  return [
    ...(verified > 0 ? [`${verified} have a signature by a trusted key`] : []),
    ...(unchecked > 0
      ? [
          `${unchecked} are signed at the source, but their signatures were not checked (--trust FILE checks them)`,
        ]
      : []),
    ...(none > 0 ? [`${none} are not signed at the source`] : []),
    ...(converted > 0 ? [`${converted} tarballs were converted from an older layout`] : []),
    isDryRun
      ? `${address}: ${checked} builds to import (${prettyBytes(bytes)} of tarballs according to the source), ` +
        `${present} in the catalog already, ${left} that cannot be imported; nothing was written`
      : `${address}: ${added} builds imported ${isSigned ? 'and signed' : '(unsigned: there is no SIGNING_KEY)'}, ` +
        `${present} in the catalog already, ${left} not imported`,
  ].join('\n');
}
