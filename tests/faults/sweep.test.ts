import { expect, test } from 'vitest';
import { findProgram } from '../tools/path.ts';
import type { Tally } from './sweep.ts';
import { faultsOf, injectFault, liveCleanly } from './sweep.ts';
import { openWorld } from './world.ts';

const MINUTE = 60_000;
/** With everything, each request and each write meets each fault; else so many of them, evenly. */
const SAMPLE = 8;
const isFull = process.env['FULL'] === '1';
/** Repositories that are swept at the same time: most of a run is waiting. */
const WORLDS = isFull ? 3 : 1;
const hasTools = ['docker-registry', 'oras', 'git'].every(findProgram);

test.skipIf(!hasTools)(
  'after any fault of a whole run, running the job again ends where a clean run does, and what it says is true',
  { timeout: 600 * MINUTE },
  async () => {
    const tally: Tally = { injected: 0, survived: 0, mended: 0, findings: [] };
    const counts = await Promise.all(Array.from({ length: WORLDS }, (_, place) => sweep(place, tally)));
    const { injected, survived, mended, findings } = tally;
    console.log(
      `Faults of a whole run: ${injected} of ${counts[0]} injected; ${survived} survived, ` +
        `${mended} mended by running it again, ${findings.length} neither.`,
    );
    expect(findings).toEqual([]);
    expect(injected).toBeGreaterThanOrEqual(isFull ? 1_000 : SAMPLE);
  },
);

/** Injects the faults of one world's share; resolves to how many there are in all. */
async function sweep(place: number, tally: Tally): Promise<number> {
  const world = await openWorld();
  try {
    const stages = await liveCleanly(world);
    const all = stages.flatMap((stage) => faultsOf(stage.clean).map((fault) => ({ stage, fault })));
    const every = isFull ? WORLDS : Math.floor(all.length / SAMPLE);
    for (const { stage, fault } of all.filter((_, index) => index % every === place)) {
      const known = tally.findings.length;
      await injectFault(world, stage, fault, tally);
      for (const finding of tally.findings.slice(known)) console.log(finding);
    }
    return all.length;
  } finally {
    await world.close();
  }
}
