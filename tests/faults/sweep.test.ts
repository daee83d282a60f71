import { expect, test } from 'vitest';
import { findProgram } from '../tools/path.ts';
import { faultsOf, isInSample } from './faults.ts';
import type { Tally } from './sweep.ts';
import { liveCleanly, openSweep } from './sweep.ts';
import { openWorld } from './world.ts';

const MINUTE = 60_000;
/** With everything, each request and each write meets each fault; else one of so many. */
const SAMPLE = 80;
const isFull = process.env['FULL'] === '1';
/** Which steps to sweep, by their names: `publish receive|prune`. */
const ONLY = new RegExp(process.env['FAULTS'] ?? '');
/** After so many faults a long sweep says how far it is. */
const SAID_EVERY = 50;
/** Repositories that are swept at the same time: much of a run is waiting. */
const WORLDS = !isFull ? 1 : ONLY.test('') ? 4 : 2;
const hasTools = ['docker-registry', 'oras', 'git'].every(findProgram);

test.skipIf(!hasTools)(
  'after any fault of a whole run, running the job again ends where a clean run does, and what it says is true',
  { timeout: 600 * MINUTE },
  async () => {
    const tally: Tally = { injected: 0, survived: 0, mended: 0, missed: 0, findings: [] };
    const counts = await Promise.all(Array.from({ length: WORLDS }, (_, place) => sweep(place, tally)));
    const { injected, survived, mended, missed, findings } = tally;
    console.log(
      `Faults of a whole run: ${injected} of ${counts[0]} injected; ${survived} survived, ` +
        `${mended} mended by running it again, ${findings.length} neither; ${missed} did not occur.`,
    );
    expect(findings).toEqual([]);
    expect(injected).toBeGreaterThanOrEqual(isFull && ONLY.test('') ? 1_000 : 8);
  },
);

/** Injects the faults of one world's share; resolves to how many there are in all. */
async function sweep(place: number, tally: Tally): Promise<number> {
  const world = await openWorld();
  try {
    const stages = await liveCleanly(world, ONLY);
    const inject = openSweep(world, tally);
    const all = stages
      .flatMap((stage) => faultsOf(stage.clean).map((fault) => ({ stage, fault })))
      // Of each kind of request the first ones come first.
      .sort((a, b) => a.fault.at.occurrence - b.fault.at.occurrence);
    const own = isFull
      ? all.filter((_, index) => index % WORLDS === place)
      : all.filter(({ stage, fault }) => isInSample(stage.name, fault, SAMPLE));
    for (const { stage, fault } of own) {
      const finding = await inject(stage, fault);
      if (finding !== undefined) console.log(finding);
      if (isFull && tally.injected % SAID_EVERY === 0)
        console.log(
          `${tally.injected}: ${tally.survived} survived, ${tally.mended} mended, at ${stage.name}`,
        );
    }
    return all.length;
  } finally {
    await world.close();
  }
}
