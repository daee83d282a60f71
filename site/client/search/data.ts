import type { BuildIndex, HashList } from '../../schemas/search/build-index.ts';
import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import type { WordIndex } from '../../schemas/search/word-index.ts';
import { HASHES_PER_FILE } from '../../schemas/search/layout.ts';
import { fetchData } from '../fetch-data.ts';

/** Data files of the search. Each is loaded on first use. */
export const SEARCH_FILES = {
  packages: () => fetchData<PackageIndex>('/data/packages.json.gz'),
  builds: () => fetchData<BuildIndex>('/data/builds.json.gz'),
  files: () => fetchData<FileIndex>('/data/files.json.gz'),
  words: () => fetchData<WordIndex>('/data/words.json.gz'),
  /** The DAG hash of a row. */
  async hashOf(row: number): Promise<string | undefined> {
    const list = await fetchHashes(Math.floor(row / HASHES_PER_FILE));
    return list[row % HASHES_PER_FILE];
  },
  /** Hashes of all rows. */
  async allHashes(rows: number): Promise<string[]> {
    const files = Array.from({ length: Math.ceil(rows / HASHES_PER_FILE) }, (_, file) => fetchHashes(file));
    return (await Promise.all(files)).flat();
  },
};

function fetchHashes(file: number): Promise<HashList> {
  return fetchData<HashList>(`/data/hashes/${file}.json.gz`);
}
