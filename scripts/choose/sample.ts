import { hash } from 'node:crypto';
import { DAY_MS } from '../../site/lib/format.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** Why a package of the list is not taken. */
export type SkipReason = 'excluded' | 'cached' | 'failed';

export interface RandomSample {
  names: string[];
  /** What the draw passed over on its way, by reason. */
  passedOver: Record<SkipReason, string[]>;
  /** The whole list was gone through and there was not enough. */
  exhausted: boolean;
}

/**
 * Takes up to `count` names in the order of a draw, passing over those with an obstacle. Obstacles are asked for
 * in that order and no further than needed: what is left is drawn uniformly, since the order does not know them.
 */
export function takeSample(
  drawn: readonly string[],
  count: number,
  obstacleOf: (name: string) => SkipReason | undefined,
): RandomSample {
  const names: string[] = [];
  const passedOver: Record<SkipReason, string[]> = { excluded: [], cached: [], failed: [] };
  for (const name of drawn) {
    if (names.length === count) break;
    const obstacle = obstacleOf(name);
    if (obstacle) passedOver[obstacle].push(name);
    else names.push(name);
  }
  return { names, passedOver, exhausted: names.length < count };
}

/** The target whose turn it is on a day (UTC): one a day, in the order of the settings. */
export function targetOfTheDay<T>(targets: readonly T[], date: Date): T | undefined {
  return targets[Math.floor(date.getTime() / DAY_MS) % targets.length];
}

/**
 * Puts names in a random order that only the seed decides: each name's place is that of its hash with the seed.
 * The same seed draws the same from the same list, in whatever order it comes.
 */
export function drawOrder(names: readonly string[], seed: string): string[] {
  return names
    .map((name) => ({ name, place: hash('sha256', `${seed}\n${name}`) }))
    .sort((a, b) => compareTexts(a.place, b.place))
    .map(({ name }) => name);
}
