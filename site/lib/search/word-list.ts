import { compareTexts } from '../spack/versions.ts';
/** Words that a data file refers to by index. */
export interface WordList {
  words: string[];
  placeOf(word: string): number;
}

/** Numbers words: the most frequent first, then by text, or in the order of `compare`. */
export function makeWordList(
  words: Iterable<string>,
  compare?: (left: string, right: string) => number,
): WordList {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const byCount = ([left, a]: [string, number], [right, b]: [string, number]): number =>
    b - a || compareTexts(left, right);
  const sorted = compare ? [...counts.keys()].sort(compare) : [...counts].sort(byCount).map(([word]) => word);
  const places = new Map(sorted.map((word, place) => [word, place]));
  return { words: sorted, placeOf: (word) => places.get(word) ?? -1 };
}

/** Numbers the distinct lists in the order of their first occurrence. */
export function numberLists(lists: readonly (readonly number[])[]): {
  lists: number[][];
  places: number[];
} {
  const places = new Map<string, number>();
  const distinct: number[][] = [];
  const numbers = lists.map((list) => {
    const key = list.join();
    const place = places.get(key);
    if (place !== undefined) return place;
    places.set(key, distinct.length);
    return distinct.push([...list]) - 1;
  });
  return { lists: distinct, places: numbers };
}
