import type { BuildIndex, HashList } from '../../schemas/search/build-index.ts';
import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import type { WordIndex } from '../../schemas/search/word-index.ts';
import { HASHES_PER_FILE } from '../../schemas/search/layout.ts';
import { fetchData } from '../fetch-data.ts';

/** The search's data files, by the site's base path. Each is loaded when it is first asked for. */
export interface SearchFiles {
  packages(): Promise<PackageIndex>;
  builds(): Promise<BuildIndex>;
  files(): Promise<FileIndex>;
  words(): Promise<WordIndex>;
  /** The DAG hash of a row. */
  hashOf(row: number): Promise<string | undefined>;
  /** The hashes of as many rows as there are. */
  allHashes(rows: number): Promise<string[]>;
}

export function openSearchFiles(base: string): SearchFiles {
  const read = <Shape>(name: string): Promise<Shape> => fetchData<Shape>(`${base}/data/${name}.json`);
  const hashes = (file: number): Promise<HashList> => read<HashList>(`hashes/${file}`);
  return {
    packages: () => read<PackageIndex>('packages'),
    builds: () => read<BuildIndex>('builds'),
    files: () => read<FileIndex>('files'),
    words: () => read<WordIndex>('words'),
    async hashOf(row) {
      const list = await hashes(Math.floor(row / HASHES_PER_FILE));
      return list[row % HASHES_PER_FILE];
    },
    async allHashes(rows) {
      const files = Array.from({ length: Math.ceil(rows / HASHES_PER_FILE) }, (_, file) => hashes(file));
      return (await Promise.all(files)).flat();
    },
  };
}
