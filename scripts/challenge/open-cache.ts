import type { Readable } from 'node:stream';
import fastGlob from 'fast-glob';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath, type DagHash } from '../../site/schemas/digest.ts';
import { PackageName } from '../../site/schemas/node.ts';
import { findSpecBlobs } from '../build-cache/build-cache.ts';
import { openMirrorFiles, readText } from '../build-cache/mirror-files.ts';
import { verified } from '../oci/verify.ts';
import { splitSigned } from '../../site/lib/spack/signed-manifest.ts';
import { openMirror } from '../import/mirror-source.ts';

const MANIFEST_LIMIT_BYTES = 2 ** 20;

/** A build of a cache. */
export interface CachedBuild {
  name: string;
  version: string;
  hash: DagHash;
  /** Path of its manifest, below the cache's root. */
  path: string;
}

/** A build cache to compare: a folder, or the address of a mirror. */
export interface ComparableCache {
  builds: Map<DagHash, CachedBuild>;
  tarballOf(build: CachedBuild): Promise<Blob>;
  /** A tarball as a stream that fails at its end unless its bytes are the blob's. */
  open(blob: Blob): Promise<Readable>;
}

/**
 * Opens a build cache of layout 3. A folder is listed by its manifests, an address by its index. Throws when
 * it has no build, unless `mayBeEmpty`.
 */
export async function openCache(place: string, mayBeEmpty = false): Promise<ComparableCache> {
  const site = openMirrorFiles(place);
  const isAddress = /^https?:\/\//.test(place);
  const list = isAddress ? await listByIndex() : await listByManifests();
  if (list.length === 0 && !mayBeEmpty)
    throw new Error(`${place}: expected a build cache of layout 3 with builds, found none`);

  async function listByManifests(): Promise<CachedBuild[]> {
    const paths = await fastGlob('v3/manifests/spec/**/*.spec.manifest.json', { cwd: place });
    return paths.sort().flatMap((path) => {
      const [, name = '', version = '', hash = ''] =
        /([^/]+)\/\1-(.+)-([a-z2-7]{32})\.spec\.manifest\.json$/.exec(path) ?? [];
      return !PackageName.safeParse(name).success ? [] : [{ name, version, hash, path }];
    });
  }

  /** Signatures are those of each cache, and not compared. */
  async function listByIndex(): Promise<CachedBuild[]> {
    const { builds } = await openMirror(site, { keys: [], unsigned: true }).list();
    return builds.map(({ name, version, hash, places: [path = ''] }) => ({ name, version, hash, path }));
  }

  return {
    builds: new Map(list.map((build) => [build.hash, build])),
    async tarballOf({ path }) {
      const where = site.locate(path);
      const text = await readText(site, path, MANIFEST_LIMIT_BYTES);
      if (text === undefined) throw new Error(`${where}: expected the manifest of a build, found nothing`);
      return findSpecBlobs(splitSigned(text, where).text, where).tarball;
    },
    async open(blob) {
      const path = mirrorBlobPath(blob.digest);
      const source = await site.open(path);
      if (!source) throw new Error(`${site.locate(path)}: expected the tarball of a build, found nothing`);
      return verified(source, site.locate(path), blob);
    },
  };
}

/** A cache reduced to the builds with these hashes; unchanged when there are none. */
export function onlyBuilds(cache: ComparableCache, hashes: readonly DagHash[]): ComparableCache {
  if (hashes.length === 0) return cache;
  const wanted = new Set(hashes);
  return { ...cache, builds: new Map([...cache.builds].filter(([hash]) => wanted.has(hash))) };
}

/** One sentence for each requested build that cannot be compared because one of the two caches lacks it. */
export function missingBuilds(
  first: ComparableCache,
  second: ComparableCache,
  hashes: readonly DagHash[],
): string[] {
  return hashes.flatMap((hash) => {
    const build = first.builds.get(hash) ?? second.builds.get(hash);
    const name = build ? `${build.name}@${build.version}/${hash}` : hash;
    if (!second.builds.has(hash)) return [`${name} was not rebuilt: the summary of the build job says why`];
    return first.builds.has(hash) ? [] : [`${name} is not compared: the first cache does not have it`];
  });
}
