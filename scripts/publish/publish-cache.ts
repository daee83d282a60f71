import { createReadStream, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { groupByRegistry, isLocal } from '../../site/lib/registry-address.ts';
import type { BuildTimes } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { Cache } from '../../site/schemas/cache.ts';
import { fileStem } from '../../site/schemas/node.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { readBuild, addFiles, type NewFile } from '../catalog/catalog.ts';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { createLayout } from '../oci/layout.ts';
import { openRegistries, openRegistry } from '../oci/open-registry.ts';
import type { Registry } from '../oci/registry.ts';
import { withProgress } from '../cli/progress.ts';
import type { CacheEntry } from '../build-cache/build-cache.ts';
import { writePublicKey } from '../signing/key.ts';
import { specManifestText } from '../build-cache/mirror-manifest.ts';
import { readSigner, signManifest, type Signer } from '../signing/signer.ts';
import { inspectTarball } from '../build-cache/tar/tarball.ts';
import { readTextFile, withTemporaryFolder } from '../cli/files.ts';
import { readDate, readOrigin } from './origin.ts';
import { catalogFiles, type NewBuild } from './records.ts';
import { resolveEntries, type CheckedEntry, type Publishing, type Resolution } from './resolve.ts';
import { findShadows, listSpecFiles, refuseShadows, type SpecFileNames } from './name-collisions.ts';
import { readPublicKeys } from '../../site/lib/spack/public-key.ts';
import { overrideSettings, printable } from '../cli/command.ts';
import { formatJson } from '../../site/lib/json.ts';

/** Maximum size of the read buffer for a tarball. */
const READ_BYTES = 64 * 1024;

/** Growth of the heap, relative to the memory in use, that starts a garbage collection in V8. */
const HEAP_GROWTH_PERCENT = 30;

/** Destination of a published build cache. */
export interface Destination {
  registry: Registry;
  /** Registry of new builds (default: the cache's own). */
  home?: string | undefined;
  /** Registries of targets that have their own, keyed by the target's name. */
  homes?: ReadonlyMap<string, string>;
  catalogDirectory: string;
  /** Manifests stay unsigned if this is undefined. */
  signer: Signer | undefined;
  environment: ProcessEnvironment;
  /** Returns a build's origin (default: from this environment). */
  originOf?: Publishing['originOf'];
  /** Build times, where the job measured them. */
  times?: ReadonlyMap<DagHash, BuildTimes>;
  /** The catalog's node files, if they were listed already. */
  names?: SpecFileNames;
}

/** Opens the registry and the catalog of the options, else of the environment, with any signing key. */
export async function openDestination({
  registry,
  catalog,
}: Partial<Record<'registry' | 'catalog', string>>): Promise<Destination> {
  const { REGISTRY, CATALOG_DIR } = overrideSettings({ REGISTRY: registry, CATALOG_DIR: catalog });
  keepHeapSmall();
  return {
    registry: openRegistry(REGISTRY),
    catalogDirectory: CATALOG_DIR,
    signer: await readSigner(process.env),
    environment: process.env,
  };
}

/**
 * Limits the heap. Nearly all memory allocated for a build is short-lived, and V8 by default keeps several
 * times the memory in use. Measured for an import of 1,000 builds into 9,000: 470 MB by default, 313 MB with
 * a young generation that does not grow, 229 MB with both settings (at 60 %), of which Node and this program
 * take 110 MB; CPU time is the same. A publish of 10,000 builds takes 297 MB at 30 %.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
}

/**
 * Refuses nodes that would replace others in the catalog, and reads each tarball once, from end to end.
 * Throws at the first tarball that differs from its entry.
 */
export async function checkTarballs(
  entries: readonly CacheEntry[],
  names: SpecFileNames,
): Promise<CheckedEntry[]> {
  refuseShadows(entries, names);
  const checked: CheckedEntry[] = [];
  await withProgress('checking', entries.length, 'tarballs', async (progress) => {
    for (const entry of entries) {
      checked.push(await checkTarball(entry));
      progress.advance();
    }
  });
  return checked;
}

/** Reads a tarball once, from end to end. Throws when it differs from its entry. */
export async function checkTarball(entry: CacheEntry): Promise<CheckedEntry> {
  const { platform } = entry.root.node.arch;
  const source = createReadStream(entry.tarballPath, {
    highWaterMark: Math.min(READ_BYTES, entry.tarball.size + 1),
  });
  const prefixName = fileStem(entry.root.node);
  const expected = { where: entry.tarballPath, blob: entry.tarball, platform, prefixName };
  return { ...entry, inspected: await inspectTarball(source, expected) };
}

/**
 * Pushes the images that the registry lacks, and only then adds the records that the catalog lacks. Can be
 * repeated after any interruption: existing images and records stay.
 */
export async function publishEntries(
  entries: readonly CheckedEntry[],
  destination: Destination,
): Promise<Resolution> {
  const { catalogDirectory, names = listSpecFiles(catalogDirectory) } = destination;
  return withTemporaryFolder(async (folder) => {
    const resolution = await pushEntries(entries, destination, folder);
    await addBuilds(resolution.newBuilds, destination);
    // Updates a key that the catalog already has, such as to a later expiry date.
    if (destination.signer) await writePublicKey(catalogDirectory, destination.signer.publicKey);
    for (const path of findShadows(resolution.newBuilds, names)) rmSync(join(catalogDirectory, path));
    return resolution;
  });
}

/** Resolves the entries of each registry. When all are resolved, pushes the images that are missing. */
async function pushEntries(
  entries: readonly CheckedEntry[],
  { registry: own, home = own.reference, catalogDirectory, environment, originOf, times }: Destination,
  folder: string,
): Promise<Resolution> {
  const recorded = new Map(
    entries.map(({ root: { node } }) => [node.hash, readBuild(catalogDirectory, node)]),
  );
  const findRegistry = openRegistries(own);
  const stored = entries.map((entry) => {
    const { image } = recorded.get(entry.root.node.hash) ?? { image: { registry: home } };
    return { image, entry };
  });
  const all: Resolution = { newBuilds: [], staged: 0, adopted: 0, warnings: [] };
  const pushes: (() => Promise<void>)[] = [];
  const circumstances = {
    published: readDate(environment, new Date()),
    originOf: originOf ?? (({ inspected }: CheckedEntry) => readOrigin(environment, inspected.spackVersion)),
    times: times ?? new Map(),
  };
  for (const [name, group] of groupByRegistry(stored, own.reference)) {
    const [first] = group;
    if (!first) continue;
    const registry = findRegistry(first);
    const layout = await createLayout(await mkdtemp(join(folder, 'layout-')));
    const { staged } = all;
    const publishing = {
      ...{ registry, findRegistry, catalogDirectory, recorded, layout },
      registryName: name === own.reference ? undefined : name,
      ...circumstances,
    };
    await resolveEntries(
      group.map(({ entry }) => entry),
      publishing,
      all,
    );
    layout.close();
    if (all.staged > staged) pushes.push(() => registry.push(layout.dir));
  }
  for (const push of pushes) await push();
  return all;
}

/** Adds the records of new builds to the catalog. */
async function addBuilds(
  builds: readonly NewBuild[],
  { registry, signer, environment, catalogDirectory }: Destination,
): Promise<void> {
  if (builds.length === 0) return;
  const manifests = new Map<DagHash, string>();
  for (const { build } of builds) {
    const text = specManifestText(build.tarball, build.image.config);
    const date = new Date(build.published);
    manifests.set(build.hash, signer ? await signManifest(text, signer, date) : text);
  }
  addFiles(
    catalogDirectory,
    (function* () {
      if (signer) yield { path: catalogPath('keys', signer.fingerprint), content: signer.publicKey };
      yield* describeCache(registry, environment);
      yield* catalogFiles(builds, manifests);
    })(),
  );
}

/** The file `cache.json`; none for a registry in a local folder, which others cannot use. */
function describeCache(registry: Registry, environment: Destination['environment']): NewFile[] {
  if (isLocal(registry.reference)) return [];
  const { GITHUB_REPOSITORY: repository, GITHUB_REPOSITORY_ID: repositoryId } = environment;
  const cache = Cache.parse({
    registry: registry.reference.replace(/^[a-z+]+:\/\//, ''),
    ...(repository ? { repository } : {}),
    ...(repositoryId ? { repositoryId } : {}),
  });
  return [{ path: 'cache.json', content: formatJson(cache) }];
}

/** Reads a file of armored public keys; throws one sentence when it has none. */
export async function readTrustedKeys(file: string): Promise<string> {
  const armored = readTextFile(file);
  const keys = await readPublicKeys(armored).catch(() => []);
  if (keys.length > 0) return armored;
  throw new Error(
    `${file}: expected armored public keys (-----BEGIN PGP PUBLIC KEY BLOCK-----), found none; ` +
      'export them with `gpg --armor --export ID`',
  );
}

/** Output at the end of a publish: warnings, and a last line with the totals. */
export function describePublish(
  cacheDirectory: string,
  entries: readonly CheckedEntry[],
  { newBuilds, staged, adopted, warnings }: Resolution,
  { isSigned, isTrusted }: { isSigned: boolean; isTrusted: boolean },
): string {
  const signatures = entries.filter(({ signed }) => signed).length;
  const unchecked = `${signatures} of its manifests are signed; nobody checked by whom (--trust FILE does)`;
  return [
    ...(signatures > 0 && !isTrusted ? [unchecked] : []),
    ...warnings.map((warning) => `warning: ${printable(warning)}`),
    `${cacheDirectory}: ${entries.length} builds checked, ${staged} images pushed, ` +
      `${adopted} found in the registry, ${newBuilds.length} added to the catalog ` +
      (isSigned ? 'and signed' : '(unsigned: there is no SIGNING_KEY)'),
  ].join('\n');
}
