import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fastGlob from 'fast-glob';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { databaseText } from '../../site/lib/spack/database.ts';
import { inventSearchData } from '../browser/search-data.ts';
import { generateCatalog } from '../generate/catalog.ts';
import type { Figures } from './bench.ts';
import { timeProgram } from './stopwatch.ts';

/** Number of files that a commit adds: about 25 builds with their nodes. */
const COMMIT_FILES = 100;

/**
 * Measures what grows with a cache besides its tarballs: git, the index that clients read, the search data.
 */
export async function benchGrowth(folder: string, builds: number): Promise<Figures> {
  const directory = join(folder, 'catalog');
  await generateCatalog({ builds, seed: 1, directory });
  const files = await fastGlob('**', { cwd: directory, stats: true });
  const git = (...args: string[]): Promise<number> => timeProgram('git', ['-C', directory, ...args]);
  await git('init', '-q');
  // Otherwise gc would run during some of the commits.
  await git('config', 'gc.auto', '0');
  await git('config', 'user.name', 'bench');
  await git('config', 'user.email', 'bench@example.org');
  for (let at = 0; at < files.length; at += COMMIT_FILES) {
    await git('add', '--', ...files.slice(at, at + COMMIT_FILES).map(({ path }) => path));
    await git('commit', '-q', '-m', 'Add builds');
  }
  await git('gc', '-q');
  const shallow = join(folder, 'shallow');
  await timeProgram('git', ['clone', '-q', '--bare', '--depth', '1', `file://${directory}`, shallow]);

  const { builds: catalogBuilds, nodes } = readCatalog(directory);
  const index = databaseText([...catalogBuilds.keys()], nodes);
  const file = join(folder, 'index.json');
  await writeFile(file, index);
  const python = await timeProgram('python3', ['-c', `import json; json.load(open('${file}'))`]);
  const [first, all] = searchBytes(builds);
  return {
    builds,
    catalogBytes: files.reduce((sum, { stats }) => sum + (stats?.size ?? 0), 0),
    gitBytes: await sizeOf(join(directory, '.git')),
    shallowGitBytes: await sizeOf(shallow),
    indexBytes: index.length,
    indexBytesCompressed: gzipSync(await readFile(file)).length,
    secondsToReadIndexInPython: python,
    searchBytesAtFirst: first,
    searchBytes: all,
  };
}

async function sizeOf(directory: string): Promise<number> {
  const files = await fastGlob('**', { cwd: directory, dot: true });
  const stats = await Promise.all(files.map((path) => stat(join(directory, path))));
  return stats.reduce((sum, { size }) => sum + size, 0);
}

/** Compressed bytes that the search loads at first and in total. */
function searchBytes(builds: number): [first: number, all: number] {
  const sizes = [...inventSearchData(builds)].map(([path, text]): [string, number] => [
    path,
    gzipSync(text).length,
  ]);
  const first = sizes
    .filter(([path]) => path.startsWith('packages'))
    .reduce((sum, [, size]) => sum + size, 0);
  return [first, sizes.reduce((sum, [, size]) => sum + size, 0)];
}
