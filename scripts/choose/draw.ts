import { hash } from 'node:crypto';

/**
 * Puts names in a random order that only the seed decides: each name's place is that of its hash with the seed.
 * The same seed draws the same from the same list, in whatever order it comes.
 */
export function drawOrder(names: readonly string[], seed: string): string[] {
  return names
    .map((name) => ({ name, place: hash('sha256', `${seed}\n${name}`) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ name }) => name);
}
