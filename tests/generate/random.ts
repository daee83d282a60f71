import { createHash } from 'node:crypto';

/** A stream of numbers that looks random and is the same for the same label on every machine. */
export interface Random {
  /** At least 0, below 1. */
  fraction(): number;
  /** A whole number at least 0, below `limit`. */
  below(limit: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** A number whose logarithm is normal around that of `median`; real sizes are spread like this. */
  logNormal(median: number, sigma: number): number;
}

/**
 * Numbers from 0 to below 1, the same for the same seed.
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

/** Streams of different labels have nothing to do with each other, so that one draw more changes nothing else. */
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

/** An invented sha256 in hex for something that has no bytes here. */
export function inventSha256(label: string): string {
  return createHash('sha256').update(label).digest('hex');
}

/** An invented commit id. */
export function inventCommit(label: string): string {
  return createHash('sha1').update(label).digest('hex');
}
