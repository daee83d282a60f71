/** Minimum length of words that may have one typing error, and two. */
export const ONE_TYPO = 3;
const TWO_TYPOS = 7;
/** Minimum length of a part of a name that is compared separately. */
const SHORTEST_PART = 4;

/**
 * Number of typing errors between a word and its possible meanings: a package's name, with and without
 * prefix, and, if they begin with the same letter, its longer parts and the virtuals that it provides. Adds a
 * quarter if it is not the whole name, and a half if the first letter is wrong, which is rare. Undefined:
 * more errors than a word of this length may have.
 */
export function countNameTypos(
  word: string,
  { name, shortName, provides }: { name: string; shortName: string; provides: string },
): number | undefined {
  const most = word.length >= TWO_TYPOS ? 2 : 1;
  const bare = word.length >= 'lib'.length + SHORTEST_PART ? word.replace(/^lib/, '') : word;
  let best: number | undefined;
  for (const text of typedNames(name, shortName, provides, word)) {
    let typos = countTypos(word, text, most);
    if (typos > most && bare !== word && countTypos(bare, text, 1) <= 1) typos = 1;
    if (typos > most) continue;
    const count = typos + (text === name ? 0 : 0.25) + (text[0] === word[0] ? 0 : 0.5);
    if (best === undefined || count < best) best = count;
  }
  return best;
}

function typedNames(name: string, shortName: string, provides: string, word: string): string[] {
  const parts = name.includes('-') ? name.split('-') : [];
  const more = [...parts, ...(provides === '' ? [] : provides.split(' '))].filter(
    (part) => part.length >= SHORTEST_PART && part[0] === word[0],
  );
  return name === shortName ? [name, ...more] : [name, shortName, ...more];
}

/**
 * Number of letters that are wrong, missing, extra or swapped with their neighbour between two words, up to
 * `most`; `most + 1` if there are more. Source: the optimal string alignment distance.
 */
function countTypos(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most || lacksLetters(left, right, most)) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, place) => place);
  for (let row = 1; row <= left.length; row += 1) {
    const next = [row];
    let least = row;
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + Number(!same),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped && row > 1 && column > 1) cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      next.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    [before, last] = [last, next];
  }
  return last[right.length] ?? most + 1;
}

/**
 * Quick test that rules out most words: whether more letters are missing in another
 * word than `most` errors allow.
 */
function lacksLetters(left: string, right: string, most: number): boolean {
  let lacking = 0;
  for (const letter of left) {
    if (right.includes(letter)) continue;
    lacking += 1;
    if (lacking > most) return true;
  }
  return false;
}
