import { join } from 'node:path';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { mirrorBlobPath, type Digest } from '../../site/schemas/digest.ts';
import { mirrorManifestPath } from '../../site/schemas/node.ts';
import {
  decodeText,
  findSpecBlobs,
  MANIFEST_LIMIT_BYTES,
  SPEC_FILE_LIMIT_BYTES,
  unpackSpecFile,
} from '../build-cache/build-cache.ts';
import { OWN_INDEX, indexManifestPath, readNamedBlob } from '../build-cache/mirror-manifest.ts';
import { digestOf } from '../cli/digest.ts';
import { readIndexFile } from './index-file.ts';
import { listFromSpecFiles } from './list-from-spec-files.ts';
import { saveBlob } from './save-blob.ts';
import type { MirrorFiles } from '../build-cache/mirror-files.ts';
import { type Source, type SourceBuild, type Trust, checkSignature } from './source.ts';

const INDEX_PATH = indexManifestPath(OWN_INDEX);

/** A v3 build cache: a directory, or an address as for `spack mirror add`. */
export function openMirror(folder: MirrorFiles, trust: Trust): Source {
  async function list() {
    const manifest = await folder.read(INDEX_PATH, MANIFEST_LIMIT_BYTES);
    if (!manifest) return { builds: await listFromSpecFiles(folder, read), unmatched: [] };
    const where = folder.locate(INDEX_PATH);
    const index = readNamedBlob(decodeText(manifest, where), where, INDEX_MEDIA_TYPE);
    const path = mirrorBlobPath(index.digest);
    const stream = await folder.open(path);
    if (!stream)
      throw new Error(`${folder.locate(path)}: expected the index, found no file; update it with Spack`);
    return { builds: await readIndexFile(stream, folder.locate(path)), unmatched: [] };
  }

  async function read(build: SourceBuild) {
    const [path = mirrorManifestPath(build)] = build.places;
    const where = folder.locate(path);
    const bytes = await folder.read(path, MANIFEST_LIMIT_BYTES);
    if (!bytes) throw new Error(`${where}: expected a manifest, as the index says, found none`);
    const { text, ...signature } = await checkSignature(decodeText(bytes, where), trust, where);
    const { tarball, spec } = findSpecBlobs(text, where);
    return {
      where,
      specText: await readSpec(spec.digest),
      ...signature,
      size: tarball.size,
      fetchTarball: async (target: string) => {
        const blobPath = mirrorBlobPath(tarball.digest);
        const saved = join(target, build.hash);
        return {
          path: saved,
          blob: await saveBlob(() => folder.open(blobPath), saved, folder.locate(blobPath), tarball),
        };
      },
    };
  }

  async function readSpec(digest: Digest): Promise<string> {
    const path = mirrorBlobPath(digest);
    const where = folder.locate(path);
    const bytes = await folder.read(path, SPEC_FILE_LIMIT_BYTES);
    if (!bytes) throw new Error(`${where}: expected a spec file, found none`);
    const actual = digestOf(bytes);
    if (actual !== digest)
      throw new Error(`${where}: expected ${digest}, found ${actual}; the file was changed`);
    return unpackSpecFile(bytes, where);
  }

  return { address: folder.address, list, read };
}
