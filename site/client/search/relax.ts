import { parseQuery, queryParts } from '../../lib/search/search-query.ts';
import { countFailures, search } from './engine.ts';
import type { SearchEngine } from './engine.ts';
import { stateAddress } from './address.ts';
import type { SearchState } from './address.ts';

/** A search like one that found nothing, and how much it finds. */
export interface Relaxation {
  /** What is left out: `+mpi`, `the filter target`. */
  without: string;
  builds: number;
  /** Specs that failed to build; only of a search that asks for them. */
  failures: number;
  /** The query part of its address. */
  address: string;
}

/** Leaves out one part of a search after the other, and tells which of the rest find something; the most first. */
export function relaxSearch(
  state: SearchState,
  engine: SearchEngine,
  hashes: readonly string[] | undefined,
): Relaxation[] {
  const parts = queryParts(state.text);
  const searches = [
    ...(parts.length > 1
      ? parts.map(({ text, without }) => ({ without: text, state: { ...state, text: without } }))
      : []),
    ...[...state.selection].flatMap(([name, words]) =>
      words.size === 0
        ? []
        : [
            {
              without: `the filter “${name}”`,
              state: { ...state, selection: new Map([...state.selection, [name, new Set<string>()]]) },
            },
          ],
    ),
  ];
  return searches
    .map(({ without, state: other }) => {
      const { rows } = search(engine, parseQuery(other.text), other.selection, hashes);
      const failures = countFailures(engine, rows);
      return { without, builds: rows.length - failures, failures, address: stateAddress(other) };
    })
    .filter(({ builds, failures }) => builds + failures > 0)
    .sort((left, right) => right.builds - left.builds || right.failures - left.failures);
}
