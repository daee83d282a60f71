import { parseQuery } from '../../lib/search/search-query.ts';
import { recallMachine } from '../machine/remembered.ts';
import { SEARCH_FILES } from './data.ts';
import {
  addFileIndex,
  addWordIndex,
  createSearchEngine,
  search,
  setMachine,
  type SearchEngine,
  type SearchResult,
} from './engine.ts';
import type { Selection } from './facets-index.ts';

/** Searches the cache for the search page and for suggestions, and loads data when a search needs it. */
export class Searcher {
  /** The search's data, once it is loaded. */
  engine: SearchEngine | undefined;
  /** Hashes of all rows, once a search has needed them. */
  hashes: string[] | undefined;
  readonly #changed: () => unknown;
  #isLoading = false;

  /** @param changed called when more data was loaded, so that a search may find more */
  constructor(changed: () => unknown) {
    this.#changed = changed;
  }

  /** Loads the data for every search, once. Throws if it cannot be loaded. */
  async load(): Promise<void> {
    if (this.engine || this.#isLoading) return;
    this.#isLoading = true;
    try {
      const [packages, builds] = await Promise.all([SEARCH_FILES.packages(), SEARCH_FILES.builds()]);
      this.engine = createSearchEngine(packages, builds);
      setMachine(this.engine, recallMachine());
    } finally {
      this.#isLoading = false;
    }
    this.#changed();
  }

  /** Searches with the data loaded so far, and starts loading the rest that this search needs. */
  search(engine: SearchEngine, text: string, selection: Selection): SearchResult {
    const result = search(engine, parseQuery(text), selection, this.hashes);
    this.#loadMore(result, engine);
    return result;
  }

  #loadMore({ meaning: { words, hash, hashWord }, isWeak }: SearchResult, engine: SearchEngine): void {
    if (words.length > 0 && !engine.fileSets)
      this.#add(SEARCH_FILES.files(), (files) => !engine.fileSets && addFileIndex(engine, files));
    else if (isWeak && !engine.hasWords)
      this.#add(SEARCH_FILES.words(), (more) => !engine.hasWords && addWordIndex(engine, more));
    if ((hash !== undefined || hashWord !== undefined) && !this.hashes)
      this.#add(SEARCH_FILES.allHashes(engine.builds.rows.package.length), (hashes) => {
        this.hashes = hashes;
      });
  }

  #add<Data>(loading: Promise<Data>, add: (data: Data) => unknown): void {
    loading.then(
      (data) => {
        if (add(data) !== false) this.#changed();
      },
      () => undefined,
    );
  }
}
