import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import pMap from 'p-map';
import { digestFrom, hexOf, mirrorBlobPath } from '../../site/schemas/digest.ts';
import type { Blob, Build } from '../../site/schemas/build.ts';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { inspectTarball } from '../build-cache/tar/tarball.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';
import { SpecFile } from '../../site/schemas/spec-file.ts';
import { sha256Of } from '../../site/lib/mirror/recorded-settings.ts';
import { splitNodes } from '../../site/lib/spack/node-text.ts';
import { describeError } from '../cli/command.ts';
import { withProgress } from '../cli/progress.ts';
import { isTemporary } from '../http/retry.ts';
import { drain } from '../mirror/blob-cache.ts';
import type { Registry } from '../oci/registry.ts';
import { INDEX_TAG } from '../oci/image.ts';
import { verified } from '../oci/verify.ts';
import { isSameJson, type Diagnosis, type FindingCode } from './diagnosis.ts';
import type { MirrorFiles } from '../build-cache/mirror-files.ts';
import type { ExaminedCatalog } from './read-catalog.ts';

/** Transfers at a time, since a whole registry is read while others use it. */
const TRANSFERS = 4;

/** Digests of verified blobs, in a file, so that an interrupted run continues where it stopped. */
interface Journal {
  has(blob: Blob): boolean;
  add(blob: Blob): void;
  /** Deletes the file: the next run starts over. */
  finish(): void;
}

/** @param place registry or site of the blobs, each with its own journal */
function openJournal(folder: string, place: string): Journal {
  const file = join(folder, `good-${sha256Of(place).slice(0, 16)}.txt`);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  // A last line without a line break was interrupted.
  const good = new Set(lines.slice(0, -1).map((line) => digestFrom(line)));
  mkdirSync(dirname(file), { recursive: true });
  return {
    has: ({ digest }) => good.has(digest),
    add({ digest }) {
      good.add(digest);
      appendFileSync(file, `${hexOf(digest)}\n`);
    },
    finish: () => rmSync(file, { force: true }),
  };
}

/** Reads and hashes every image of the registry: its manifest, spec file and tarball. */
export async function checkRegistryBytes(
  { directory, catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { registry, index, journal: folder }: { registry: Registry; index: Blob; journal: string },
): Promise<void> {
  const journal = openJournal(folder, registry.reference);
  const reading = await attempt(async () => {
    // A missing index is a separate finding.
    if (await registry.hasBlob(index)) await drain(await registry.openBlob(index));
  });
  if (reading !== undefined)
    diagnosis.add('blob-damaged', {
      where: `${registry.reference}:${INDEX_TAG}`,
      expected: `the index ${index.digest}`,
      found: reading,
      advice: 'delete the blob from the registry, then run the workflow Deploy',
    });
  const builds = [...catalog.builds.values()];
  const outcome = await eachBuild('hashing the registry', builds, async (build) => {
    const where = `${registry.reference}:${build.image.tag}`;
    const { image, tarball } = build;
    const prove = async (
      blob: Blob,
      [code, expected]: readonly [FindingCode, string],
      read: () => Promise<void>,
    ): Promise<void> => {
      if (journal.has(blob)) return;
      const found = await attempt(read);
      if (found === undefined) journal.add(blob);
      else diagnosis.add(code, { where, expected, found });
    };
    await prove(image, ['image-damaged', 'the image that was published'], () =>
      checkManifest(registry, build),
    );
    await prove(image.config, ['blob-damaged', `the spec file ${image.config.digest}`], async () => {
      const text = (await registry.readBlob(image.config)).toString('utf8');
      SpecFile.parse(JSON.parse(text));
      if (splitNodes(text)[0] !== catalog.nodes.get(build.hash)?.text)
        throw new Error('a spec file of another node');
    });
    await prove(tarball, ['blob-damaged', `the tarball ${tarball.digest}`], async () => {
      const found = await inspect(await registry.openBlob(tarball), where, build, catalog);
      const expected = recordedOf(build);
      if (isSameJson(found, expected)) return;
      diagnosis.add('build-differs', {
        where: join(directory, buildFile(build)),
        expected: `what its tarball has: ${describeDifference(found, expected)}`,
        found: describeDifference(expected, found),
      });
    });
  });
  diagnosis.count('registry', 'every byte is what was published', builds.length, outcome);
  if (outcome.note === undefined) journal.finish();
}

/** What the catalog records of a tarball. */
type Recorded = Pick<Build, 'tarball' | 'contents' | 'sbom' | 'logSize'>;

function recordedOf({ tarball, contents, sbom, logSize }: Recorded): Recorded {
  return { tarball, contents, ...(sbom && { sbom }), ...(logSize !== undefined && { logSize }) };
}

/** Reads a tarball as publish does: its bytes, and what it has. */
async function inspect(
  source: Readable,
  where: string,
  { hash, tarball }: Build,
  { nodes }: ExaminedCatalog['catalog'],
): Promise<Recorded> {
  const platform = nodes.get(hash)?.node.arch.platform ?? 'linux';
  const blob = { digest: tarball.digest, size: tarball.size };
  try {
    return recordedOf(await inspectTarball(source, { where, blob, platform }));
  } catch (error) {
    throw error instanceof Error && isTemporary(error.cause) ? error.cause : error;
  }
}

/** The fields of a record that another one has otherwise. */
function describeDifference(record: Recorded, other: Recorded): string {
  const differing = (one: object, two: Record<string, unknown>): object =>
    Object.fromEntries(
      Object.entries(one).filter(([name, value]) => !isSameJson(value, ownValue(two, name))),
    );
  const parts = { ...record.tarball, ...record.contents, sbom: record.sbom, logSize: record.logSize };
  const others = { ...other.tarball, ...other.contents, sbom: other.sbom, logSize: other.logSize };
  return JSON.stringify(differing(parts, others));
}

/** Reads and hashes every tarball and spec file that the site serves. */
export async function checkSiteBytes(
  { catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site, listed, journal: folder }: { site: MirrorFiles; listed: ReadonlySet<string>; journal: string },
): Promise<void> {
  const journal = openJournal(folder, site.locate(''));
  const builds = [...catalog.builds.values()].filter(({ hash }) => listed.has(hash));
  const outcome = await eachBuild('hashing the site', builds, async (build) => {
    for (const [kind, blob] of [
      ['tarball', build.tarball],
      ['spec file', build.image.config],
    ] as const) {
      if (journal.has(blob)) continue;
      const path = mirrorBlobPath(blob.digest);
      let source: Readable | undefined;
      const fault = await attempt(async () => {
        source = await site.open(path);
        if (source) await drain(verified(source, site.locate(path), blob));
      });
      // Missing tarballs are reported by another check, and spec files may be only in the registry.
      if (!source && fault === undefined) continue;
      if (fault === undefined) journal.add(blob);
      else
        diagnosis.add('site-blob-damaged', {
          where: site.locate(path),
          expected: `the ${kind} of ${build.name}@${build.version}, ${blob.digest}`,
          found: fault,
        });
    }
  });
  diagnosis.count('site', 'every byte is what was published', builds.length, outcome);
  if (outcome.note === undefined) journal.finish();
}

async function checkManifest(registry: Registry, { image, tarball }: Build): Promise<void> {
  const stored = await registry.readManifest(image.digest);
  if (!stored) throw new Error('no such manifest');
  const { config, layers } = stored.manifest;
  const parts = [config.digest, layers.at(-1)?.digest];
  if (parts[0] !== image.config.digest || parts[1] !== tarball.digest)
    throw new Error(`an image of other blobs: ${parts.join(', ')}`);
}

/** The message of an error. Temporary errors are thrown: they are not the blob's fault, and end the run. */
async function attempt(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (isTemporary(error)) throw error;
    return describeError(error);
  }
}

/** @returns the number of builds checked, and why not all */
async function eachBuild(
  label: string,
  builds: readonly Build[],
  look: (build: Build) => Promise<void>,
): Promise<{ checked: number; note?: string }> {
  let checked = 0;
  try {
    await withProgress(label, builds.length, 'builds', (progress) =>
      pMap(
        builds,
        async (build) => {
          await look(build);
          checked += 1;
          progress.advance();
        },
        { concurrency: TRANSFERS },
      ),
    );
    return { checked };
  } catch (error) {
    if (!isTemporary(error)) throw error;
    return {
      checked,
      note: `stopped: ${describeError(error)}; run it again to continue from here`.slice(0, 500),
    };
  }
}
