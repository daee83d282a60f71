import { z } from 'zod';
import { digestFrom, Sha256, type DagHash } from '../../site/schemas/digest.ts';
import { targetOf, type Node } from '../../site/schemas/node.ts';
import { decodeText, SPEC_FILE_LIMIT_BYTES } from '../build-cache/build-cache.ts';
import { parseSpecFile } from '../build-cache/spec-file.ts';
import { fetchArchive } from './archive.ts';
import { type IndexedBuild, readIndexFile, sortBuilds } from './index-file.ts';
import { completeBuild } from './list-from-spec-files.ts';
import type { MirrorFiles } from '../build-cache/mirror-files.ts';
import { type Source, type SourceBuild, type Trust, checkSignature } from './source.ts';

export const OLD_FOLDER = 'build_cache';
export const OLD_INDEX = `${OLD_FOLDER}/index.json`;
const SPEC_FILE = /^(.*-([a-z2-7]{32}))\.spec\.json(?:\.sig)?$/;

/** The facts about its tarball in a spec file of layout v2. */
const Checksum = z.object({
  binary_cache_checksum: z.object({ hash_algorithm: z.literal('sha256'), hash: Sha256 }),
  buildinfo: z.object({ relative_prefix: z.string() }).partial().optional(),
});

/**
 * A build cache of layout v2, or of its older forms: `build_cache/*.spec.json[.sig]` and `.spack` archives.
 * It reads the same files as `spack buildcache migrate`. Source: buildcache_migrate.py of Spack 1.1.
 */
export function openOldMirror(folder: MirrorFiles, trust: Trust): Source {
  async function list() {
    const names = await folder.list(OLD_FOLDER);
    if (names) return { builds: await readSpecFiles(findStems(names)), unmatched: [] };
    const stream = await folder.open(OLD_INDEX);
    if (!stream)
      throw new Error(`${folder.locate(OLD_INDEX)}: expected the index, found none; update it with Spack`);
    return { builds: await readIndexFile(stream, folder.locate(OLD_INDEX), stemsOf), unmatched: [] };
  }

  async function readSpecFiles(stems: ReadonlyMap<DagHash, string>): Promise<SourceBuild[]> {
    const builds: SourceBuild[] = [];
    for (const [hash, stem] of stems) builds.push(await completeBuild(stem, hash, stem, read));
    return sortBuilds(builds);
  }

  async function read(build: SourceBuild) {
    for (const stem of build.places) {
      for (const ending of ['.spec.json.sig', '.spec.json']) {
        const path = `${OLD_FOLDER}/${stem}${ending}`;
        const bytes = await folder.read(path, SPEC_FILE_LIMIT_BYTES);
        if (bytes)
          return describeSpec(decodeText(bytes, folder.locate(path)), folder.locate(path), stem, build);
      }
    }
    const [stem = build.hash] = build.places;
    throw new Error(`${folder.locate(`${OLD_FOLDER}/${stem}.spec.json`)}: expected a spec file, found none`);
  }

  async function describeSpec(signed: string, where: string, stem: string, { hash }: SourceBuild) {
    const { text, ...signature } = await checkSignature(signed, trust, where);
    return {
      where,
      specText: text,
      ...signature,
      fetchTarball: (target: string) => {
        const path = archivePath(stem, parseSpecFile(text).root.node);
        const open = () => folder.open(path);
        return fetchArchive({
          open,
          where: folder.locate(path),
          target,
          hash,
          expected: readChecksum(text, where),
        });
      },
    };
  }

  return { address: folder.address, list, read };
}

/** File name stems of the spec files in a folder, keyed by the hashes of their builds. */
function findStems(names: readonly string[]): Map<DagHash, string> {
  const stems = new Map<DagHash, string>();
  for (const file of names.toSorted()) {
    const [, stem, hash] = SPEC_FILE.exec(file) ?? [];
    if (stem !== undefined && hash !== undefined) stems.set(hash, stem);
  }
  return stems;
}

/** The sha256 of the tarball, from a spec file before layout v3. */
export function readChecksum(specText: string, where: string) {
  const checksum = Checksum.safeParse(JSON.parse(specText));
  if (!checksum.success)
    throw new Error(
      `${where}: expected the sha256 of the tarball (binary_cache_checksum), found none; it is not imported`,
    );
  return digestFrom(checksum.data.binary_cache_checksum.hash);
}

/** File name stems of a build. Source: `v2_tarball_name`. */
function stemsOf({ arch, compilers, name, version, hash }: IndexedBuild): string[] {
  return compilers.map((compiler) => polite(`${arch}-${compiler}-${name}-${version}-${hash}`));
}

/** Path of a build's archive. Source: `v2_tarball_path_name`. */
function archivePath(stem: string, node: Node): string {
  const { platform, platform_os: os } = node.arch;
  const arch = polite(`${platform}-${os}-${targetOf(node)}`);
  const rest = polite(`${node.name}-${node.version}`);
  const compiler = stem.slice(arch.length + 1, -(rest.length + node.hash.length + 2));
  return `${OLD_FOLDER}/${arch}/${compiler}/${rest}/${stem}.spack`;
}

function polite(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_+.-]/g, '_');
}
