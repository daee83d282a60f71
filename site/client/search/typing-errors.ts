/** Letters from which on a word may have one typing error, and two. */
export const ONE_TYPO = 3;
const TWO_TYPOS = 7;
/** Parts of a name with fewer letters are not looked at by themselves. */
const SHORTEST_PART = 4;

/**
 * How many typing errors lie between a word and what one may have meant by it: a package's name, with and without
 * prefix; one of its longer parts, or what it provides, where that begins with the same letter. A quarter more where that
 * is not the whole name, and half a one where the first letter is wrong, which is rare. Undefined where there are more
 * than a word of that length may have.
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
 * How many letters are wrong, missing, too many or swapped with their neighbour between two words, up to `most`;
 * `most + 1` for more. Source: the optimal string alignment distance.
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

/** Whether more letters of one word are not in another than so many errors explain: nearly all words of a list fall out. */
function lacksLetters(left: string, right: string, most: number): boolean {
  let lacking = 0;
  for (const letter of left) {
    if (right.includes(letter)) continue;
    lacking += 1;
    if (lacking > most) return true;
  }
  return false;
}
