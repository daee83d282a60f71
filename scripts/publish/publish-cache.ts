import { createReadStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DagHash } from '../../site/schemas/digest.ts';
import { Cache } from '../../site/schemas/cache.ts';
import { addFiles } from '../catalog/new-files.ts';
import type { NewFile } from '../catalog/new-files.ts';
import { createLayout } from '../oci/layout.ts';
import type { Registry } from '../oci/registry.ts';
import { startProgress } from '../progress.ts';
import type { CacheEntry } from '../spack/build-cache.ts';
import { writePublicKey } from '../spack/key-file.ts';
import { specManifestText } from '../spack/mirror-manifest.ts';
import { signManifest } from '../spack/signature.ts';
import type { Signer } from '../spack/signature.ts';
import { inspectTarball } from '../spack/tarball.ts';
import { withTemporaryFolder } from '../temporary-folder.ts';
import { readDate, readOrigin } from './origin.ts';
import type { NewBuild } from './records.ts';
import { catalogFiles, formatJson } from './records.ts';
import { resolveEntries } from './resolve.ts';
import { findShadows, listSpecFiles, refuseShadows } from './shadows.ts';
import type { CheckedEntry, Resolution } from './resolve.ts';

/** Where a build cache is published to. */
export interface Destination {
  registry: Registry;
  catalogDirectory: string;
  /** Absent: manifests stay unsigned. */
  signer: Signer | undefined;
  environment: Record<string, string | undefined>;
}

/** Reads each tarball once, from end to end; throws at the first that is not what its entry says. */
export async function checkTarballs(entries: readonly CacheEntry[]): Promise<CheckedEntry[]> {
  const progress = startProgress('checking', entries.length, 'tarballs');
  const checked: CheckedEntry[] = [];
  try {
    for (const entry of entries) {
      const { platform } = entry.root.node.arch;
      const source = createReadStream(entry.tarballPath);
      const expected = { where: entry.tarballPath, blob: entry.tarball, platform };
      checked.push({ ...entry, inspected: await inspectTarball(source, expected) });
      progress.advance();
    }
  } finally {
    progress.stop();
  }
  return checked;
}

/**
 * Pushes what the registry lacks and then, and only then, adds what the catalog lacks. Can be repeated after any
 * interruption: what is there already stays as it is.
 */
export async function publishEntries(
  entries: readonly CheckedEntry[],
  destination: Destination,
): Promise<Resolution> {
  const { registry, catalogDirectory, environment } = destination;
  const names = listSpecFiles(catalogDirectory);
  refuseShadows(entries, names);
  return withTemporaryFolder(async (folder) => {
    const layout = await createLayout(folder);
    const resolution = await resolveEntries(entries, {
      registry,
      catalogDirectory,
      layout,
      published: readDate(environment, new Date()),
      originOf: (claimedSpack) => readOrigin(environment, claimedSpack),
    });
    await layout.close();
    if (resolution.staged > 0) await registry.push(folder);
    const files = await describeBuilds(resolution.newBuilds, destination);
    if (destination.signer) await writePublicKey(catalogDirectory, destination.signer.publicKey);
    addFiles(catalogDirectory, files);
    for (const path of findShadows(resolution.newBuilds, names)) rmSync(join(catalogDirectory, path));
    return resolution;
  });
}

/** Every file that the catalog gets. */
async function describeBuilds(
  builds: readonly NewBuild[],
  { registry, signer, environment }: Destination,
): Promise<NewFile[]> {
  if (builds.length === 0) return [];
  const manifests = new Map<DagHash, string>();
  for (const { build } of builds) {
    const text = specManifestText(build.tarball, build.image.config);
    const date = new Date(build.published);
    manifests.set(build.hash, signer ? await signManifest(text, signer, date) : text);
  }
  return [...describeCache(registry, environment), ...catalogFiles(builds, manifests)];
}

/** `cache.json`; none for a registry in a folder, which says nothing to anybody else. */
function describeCache(registry: Registry, environment: Destination['environment']): NewFile[] {
  if (registry.reference.startsWith('oci-layout:')) return [];
  const { GITHUB_REPOSITORY: repository, GITHUB_REPOSITORY_ID: repositoryId } = environment;
  const cache = Cache.parse({
    registry: registry.reference.replace(/^[a-z+]+:\/\//, ''),
    ...(repository ? { repository } : {}),
    ...(repositoryId ? { repositoryId } : {}),
  });
  return [{ path: 'cache.json', content: formatJson(cache) }];
}
