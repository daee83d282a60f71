import { expect, test } from 'vitest';
import { findProgram } from '../tools/path.ts';
import { drawClasses, drawSample, faultsOf, kindOf } from './faults.ts';
import { liveCleanly, openSweep, type Tally } from './sweep.ts';
import { openWorld } from './world.ts';

const MINUTE = 60_000;
/**
 * The full sweep has each fault at each kind of request and write; else a sample covers each step and each
 * fault.
 */
const isFull = process.env['FULL'] === '1';
/** Whether to include equivalent faults. */
const hasAlike = process.env['FAULTS_ALIKE'] === '1';
/**
 * Names of the steps to sweep, such as `publish receive|prune`. A sample has each once, without the later
 * prune.
 */
const ONLY = new RegExp(process.env['FAULTS'] ?? (isFull ? '' : '^(?!second prune)'));
/** Part of the sweep, such as `2/5`. */
const [PART = 1, PARTS = 1] = (process.env['FAULTS_PART'] ?? '1/1').split('/').map(Number);
/** Number of faults after which a long sweep reports its progress. */
const SAID_EVERY = 50;
/** Number of repositories swept at the same time. */
const WORLDS = isFull ? 2 : 1;
const hasTools = ['docker-registry', 'oras', 'git'].every(findProgram);

type Tallies = Map<string, Tally>;

test.skipIf(!hasTools)(
  'after any fault of a whole run, a re-run of the job ends like a clean run, and its messages are true',
  { timeout: 600 * MINUTE },
  async () => {
    const tallies: Tallies = new Map();
    const swept = await Promise.all(Array.from({ length: WORLDS }, (_, place) => sweep(place, tallies)));
    for (const [name, tally] of tallies) console.log(`${name}: ${said(tally)}`);
    const all = sumOf(tallies);
    console.log(`Faults of a whole run: of ${swept[0]?.count}, ${said(all)}`);
    expect(swept.flatMap(({ findings }) => findings)).toEqual([]);
    // The requests of a step may differ between runs.
    const drawn = swept.reduce((sum, each) => sum + each.drawn, 0);
    const isWhole = isFull && PARTS === 1 && ONLY.test('');
    expect(all.injected).toBeGreaterThanOrEqual(isWhole ? 500 : Math.ceil(drawn / 2));
    expect(drawn).toBeGreaterThan(0);
  },
);

/** Injects the faults of one world's share. */
async function sweep(
  place: number,
  tallies: Tallies,
): Promise<{ count: number; drawn: number; findings: string[] }> {
  const world = await openWorld();
  try {
    const stages = await liveCleanly(world, ONLY);
    const inject = openSweep(world);
    const all = stages.flatMap((stage) => {
      const { name: step, steps, index } = stage;
      return faultsOf(stage.clean).map((fault) => ({
        stage,
        step,
        script: steps[index]?.script ?? '',
        fault,
      }));
    });
    const drawn = !isFull ? drawSample(all) : hasAlike ? all : drawClasses(all);
    const own = drawn.filter((_, index) => index % (PARTS * WORLDS) === (PART - 1) * WORLDS + place);
    if (!isFull) {
      const namesOf = (some: typeof all): string[] =>
        [...new Set(some.flatMap(({ step, fault }) => [step, kindOf(fault)]))].sort();
      expect(namesOf(own)).toEqual(namesOf(all));
    }
    console.log(`${own.length} of ${all.length} faults are swept`);
    const findings: string[] = [];
    for (const { stage, fault } of own) {
      const tally = tallies.get(stage.name) ?? noFaults();
      tallies.set(stage.name, tally);
      const finding = await inject(stage, fault, tally);
      if (finding !== undefined) {
        console.log(finding);
        findings.push(finding);
      }
      const sum = sumOf(tallies);
      if (isFull && sum.injected % SAID_EVERY === 0) console.log(`At ${stage.name}: ${said(sum)}`);
    }
    return { count: all.length, drawn: own.length, findings };
  } finally {
    await world.close();
  }
}

function noFaults(): Tally {
  return { injected: 0, survived: 0, mended: 0, neither: 0, missed: 0 };
}

function sumOf(tallies: Tallies): Tally {
  const sum = noFaults();
  for (const tally of tallies.values())
    for (const name of ['injected', 'survived', 'mended', 'neither', 'missed'] as const)
      sum[name] += tally[name];
  return sum;
}

function said({ injected, survived, mended, neither, missed }: Tally): string {
  return `${injected} injected: ${survived} survived, ${mended} mended by running it again, ${neither} neither; ${missed} did not occur`;
}
