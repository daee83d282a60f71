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

/** Searches the cache for the search page and for suggestions alike, and loads what a search needs when one needs it. */
export class Searcher {
  /** What is searched, once it is there. */
  engine: SearchEngine | undefined;
  /** The hashes of all rows, once a search named one. */
  hashes: string[] | undefined;
  readonly #changed: () => unknown;
  #isLoading = false;

  /** @param changed is called when more was loaded, and a search may find more than before */
  constructor(changed: () => unknown) {
    this.#changed = changed;
  }

  /** Loads what every search needs, once. Throws when it cannot be loaded. */
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

  /** What is found with what is loaded by now; the rest that this search needs is on its way afterwards. */
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
