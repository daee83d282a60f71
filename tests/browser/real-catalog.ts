import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { buildFile, manifestFile, specFile } from '../../site/lib/catalog/catalog-files.ts';
import { specManifestText } from '../../scripts/build-cache/mirror-manifest.ts';
import { splitObject } from '../../site/lib/spack/node-text.ts';
import { Build } from '../../site/schemas/build.ts';
import { Node, runtimeDependencies } from '../../site/schemas/node.ts';
import { Failure } from '../../site/schemas/failure.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures/real-nodes');

/** Root of the largest DAG among the real nodes, with 100 dependencies. */
export const LARGEST = 'bcftools';

/**
 * Writes a catalog of real DAGs with a binary for every node that Spack built; digests and sizes are
 * invented.
 */
export async function writeRealCatalog(directory: string): Promise<void> {
  for (const lock of ['x86_64_v3', 'neoverse_v1']) {
    const text = await readFile(join(FIXTURES, `${lock}.lock.json`), 'utf8');
    for (const [hash, specText] of splitObject(splitObject(text).get('concrete_specs') ?? '{}')) {
      // Nodes in a lock lack the hash, which is the key there; nodes in a catalog have it.
      const nodeText = splitObject(specText).has('hash')
        ? specText
        : `${specText.slice(0, -1)},"hash":"${hash}"}`;
      await writeNode(directory, nodeText);
    }
  }
  await write(directory, 'failures/hdf5/1-1.json', failure());
}

async function writeNode(directory: string, text: string): Promise<void> {
  const node = Node.parse(JSON.parse(text));
  await write(directory, specFile(node), text);
  if (node.external) return;
  const build = buildOf(node);
  await write(directory, buildFile(node), JSON.stringify(build));
  await write(directory, manifestFile(node), specManifestText(build.tarball, build.image.config));
}

function buildOf(node: Node): Build {
  const { name, version, hash } = node;
  const digest = `sha256:${createHash('sha256').update(hash).digest('hex')}`;
  const size = 1000 + Number.parseInt(digest.slice(-5), 16);
  return Build.parse({
    name,
    version,
    hash,
    published: '2026-11-23T07:40:00Z',
    tarball: { digest, size, uncompressedDigest: digest, installedSize: size * 3, files: 12 },
    contents: {
      prefix: `/opt/software/${name}-${version}-${hash}`,
      programs: [name],
      libraries: [],
      glibc: '2.34',
    },
    image: {
      tag: `${name}-${version}-${hash}.spack`.slice(-128),
      digest,
      size: 900,
      config: { digest, size: 4000 },
      runnable: runtimeDependencies(node).length < 50,
    },
    origin: {
      run: 'https://github.com/owner/cache/actions/runs/4127',
      spack: '1.2.0.dev0',
      runner: 'ubuntu-24.04',
    },
  });
}

function failure(): string {
  return JSON.stringify(
    Failure.parse({
      name: 'hdf5',
      spec: 'hdf5@1.14.5 +subfiling target=m1',
      target: 'm1',
      kind: 'compile',
      phase: 'cmake',
      log: ['H5FDsubfiling.c:121: error: unknown type name'],
      run: 'https://github.com/owner/cache/actions/runs/4128',
      date: '2026-11-12T07:40:00Z',
    }),
  );
}

async function write(directory: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
}
