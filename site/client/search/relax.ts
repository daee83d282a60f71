import { FILLERS, parseQuery, queryParts } from '../../lib/search/search-query.ts';
import type { Fit, Obstacle } from '../../lib/machine/needs.ts';
import { systemFits } from './system-fits.ts';
import { countFailures, search, type SearchEngine } from './engine.ts';
import { readMeaning } from './meaning.ts';
import { stateAddress, type SearchState } from './address.ts';

/** A search similar to one that found nothing, and the number of its results. */
export interface Relaxation {
  /** The part that is left out: `+mpi`, `the filter target`. Undefined: none, but failed builds are shown. */
  without: string | undefined;
  builds: number;
  /** Number of failures, only in a search that includes them. */
  failures: number;
  /**
   * Need of the nearest build that the left-out system does not meet: `needs glibc 2.34
   * or newer (yours: 2.28)`.
   */
  need?: string | undefined;
  /** Query part of its address. */
  address: string;
}

/**
 * Alternatives to a search that found nothing: failed builds that match, then searches without one part, or
 * without two, those with most results first. A name is left out only if nothing else helps.
 */
export function relaxSearch(
  state: SearchState,
  engine: SearchEngine,
  hashes: readonly string[] | undefined,
): Relaxation[] {
  const own = readMeaning(parseQuery(state.text), engine);
  const fitOfSystem = systemFits(own, engine.packages, engine.builds);
  const otherFit = own.os === undefined ? engine.fits?.fitOf : undefined;
  const names = new Set(own.words);
  const count = ({ without, state: other }: Way): Relaxation => {
    const { rows, meaning } = search(engine, parseQuery(other.text), other.selection, hashes);
    const failures = countFailures(engine, rows);
    const fitOf = (meaning.os === undefined ? fitOfSystem : undefined) ?? otherFit;
    const need = fitOf && nearestNeed(rows.map(fitOf));
    const text = without.length > 0 ? without.join(' and ') : undefined;
    return { without: text, builds: rows.length - failures, failures, need, address: stateAddress(other) };
  };
  const asksState = own.failed || (state.selection.get('state')?.size ?? 0) > 0;
  const failed = asksState ? [] : [count(askForFailures(state))].filter(({ failures }) => failures > 0);
  const ways = leaveOut({ without: [], state });
  const keepName = ({ without }: Way): boolean => !without.some((text) => names.has(text.toLowerCase()));
  const findAny = (some: readonly Way[]): Relaxation[] =>
    some
      .map(count)
      .filter(({ builds, failures }) => builds + failures > 0)
      .sort((left, right) => right.builds - left.builds || right.failures - left.failures);
  const single = findAny(ways.filter(keepName));
  if (single.length > 0) return [...failed, ...single];
  // `hdf5 rocky8 zen3` may need to leave out both.
  const pairs = findAny(ways.filter(keepName).flatMap(leaveOut).filter(keepName));
  const isSeen = new Set<string>();
  const different = pairs.filter(({ address }) => !isSeen.has(address) && isSeen.add(address));
  return [...failed, ...(different.length > 0 ? different : findAny(ways))];
}

/** A search with some parts left out. */
interface Way {
  without: string[];
  state: SearchState;
}

/** Searches without one more part or filter. */
function leaveOut({ without: left, state }: Way): Way[] {
  const parts = queryParts(state.text).filter(({ text }) => !FILLERS.has(text.toLowerCase()));
  const filters = [...state.selection].filter(([, words]) => words.size > 0);
  return [
    ...(parts.length > 1
      ? parts.map(({ text, without }) => ({ without: [...left, text], state: { ...state, text: without } }))
      : []),
    ...filters.map(([name]) => ({
      without: [...left, name === 'runs' ? '“runs on my machine”' : `the filter “${name}”`],
      state: { ...state, selection: new Map([...state.selection, [name, new Set<string>()]]) },
    })),
  ];
}

function askForFailures(state: SearchState): Way {
  const selection = new Map([...state.selection, ['state' as const, new Set(['failed'])]]);
  return { without: [], state: { ...state, selection } };
}

/** Sorts `glibc 2.9` before `glibc 2.28`. */
const byNumbers = new Intl.Collator('en', { numeric: true });

/**
 * The single unmet need of the least demanding build, with other platforms last.
 * Undefined: a build runs, or all have more than one unmet need.
 */
function nearestNeed(fits: readonly (Fit | undefined)[]): string | undefined {
  if (fits.some((fit) => fit?.kind === 'yes' || fit?.kind === 'by hash')) return undefined;
  const needs = fits.flatMap((fit) => (fit?.obstacles.length === 1 ? fit.obstacles : []));
  const isFar = ({ kind }: Obstacle): number => Number(kind === 'platform');
  return needs.sort((a, b) => isFar(a) - isFar(b) || byNumbers.compare(a.text, b.text))[0]?.text;
}
