import { createHash } from 'node:crypto';

/** A stream of pseudorandom numbers that is the same for the same label on every machine. */
export interface Random {
  /** Returns a number of at least 0 and below 1. */
  fraction(): number;
  /** Returns an integer of at least 0 and below `limit`. */
  below(limit: number): number;
  /** Returns true with the given probability. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** Returns a log-normal number around `median`, the distribution of real sizes. */
  logNormal(median: number, sigma: number): number;
}

/**
 * Creates a generator of numbers from 0 to below 1, the same for the same seed.
 * Source: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (public domain).
 */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Creates a stream. Streams of different labels are independent, so that one more draw changes nothing else.
 */
export function createRandom(label: string): Random {
  const fraction = mulberry32(createHash('sha256').update(label).digest().readUInt32LE());
  const below = (limit: number) => Math.floor(fraction() * limit);
  return {
    fraction,
    below,
    chance: (probability) => fraction() < probability,
    pick: (choices) => {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new Error('expected something to pick from, found an empty list');
      return choice;
    },
    logNormal: (median, sigma) => {
      const normal = Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction());
      return median * Math.exp(sigma * normal);
    },
  };
}

/** Invents a sha256 in hex for an object without bytes. */
export function inventSha256(label: string): string {
  return createHash('sha256').update(label).digest('hex');
}

/** Invents a commit id. */
export function inventCommit(label: string): string {
  return createHash('sha1').update(label).digest('hex');
}
