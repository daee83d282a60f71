import { isDeepStrictEqual } from 'node:util';
import type { Fault } from './faults.ts';
import { REQUEST_FAULTS } from './faults.ts';
import type { Job, JobResult, World } from './world.ts';

const DAY_S = 86_400;
const FIRST_DAY = 1_763_900_000;

/** A job at a point of a repository's life. */
export interface Stage {
  job: Job;
  committed: string;
  /** Brings the world to the point before it. */
  enter(): void;
  clean: JobResult;
  /** What the world is like after it went well. */
  wanted: unknown;
}

/** How many faults there were, and what became of them. */
export interface Tally {
  injected: number;
  survived: number;
  mended: number;
  /** One text each: what did not end as it should. */
  findings: string[];
}

/**
 * Takes a repository through its life without a fault: two runs, of which the second adds to what is there, then the
 * removal of everything from the catalog, and a month later from the registry.
 * @returns the jobs of the second run and those that remove
 */
export async function liveCleanly(world: World): Promise<Stage[]> {
  const jobs = ['choose', 'publish', 'start', 'deploy'] as const;
  const life: { job: Job; number: 0 | 1; day: number; isSwept: boolean }[] = [
    ...jobs.map((job) => ({ job, number: 0 as const, day: 0, isSwept: false })),
    ...jobs.map((job) => ({ job, number: 1 as const, day: 1, isSwept: true })),
    { job: 'prune', number: 1, day: 60, isSwept: true },
    { job: 'prune', number: 1, day: 90, isSwept: true },
  ];
  const stages: Stage[] = [];
  let committed = '';
  for (const { job, number, day, isSwept } of life) {
    const run = { number, date: FIRST_DAY + day * DAY_S };
    world.at(run);
    const restore = world.save();
    const clean = await world.run(job, { committed });
    if (!clean.isGreen) throw new Error(`${job} fails without a fault:\n${clean.output}`);
    const before = committed;
    const enter = (): void => {
      restore();
      world.at(run);
    };
    if (isSwept) stages.push({ job, enter, clean, wanted: await world.state(), committed: before });
    committed = clean.outputs['committed'] ?? committed;
  }
  return stages;
}

/** Every fault at every request and every write of a job. */
export function faultsOf({ requests, writes }: JobResult): Fault[] {
  const names = [...(Object.keys(REQUEST_FAULTS) as (keyof typeof REQUEST_FAULTS)[]), 'kill' as const];
  return [
    ...names.flatMap((request) => Array.from({ length: requests }, (_, at) => ({ at, request }))),
    ...(['kill', 'full'] as const).flatMap((write) =>
      Array.from({ length: writes }, (_, at) => ({ at, write })),
    ),
  ];
}

/** Runs a job with a fault, and again if it failed; notes what became of it. */
export async function injectFault(world: World, stage: Stage, fault: Fault, tally: Tally): Promise<void> {
  const { job, enter, committed } = stage;
  enter();
  const first = await world.run(job, { fault, committed });
  const again = first.isGreen ? undefined : await world.run(job, { attempt: 2, committed });
  tally.injected += 1;
  const finding =
    findLie(job, first) ??
    (again && !again.isGreen ? 'the next run fails, too' : again && findLie(job, again)) ??
    findDifference(await world.state(), stage.wanted) ??
    (job === 'choose' && first.isGreen && first.outputs['requests'] !== stage.clean.outputs['requests']
      ? 'it chooses something else'
      : undefined);
  if (finding !== undefined) {
    tally.findings.push(
      `${job}, ${JSON.stringify(fault)}: ${finding}\n${first.output}\nagain: ${again?.output}`,
    );
  } else if (again) tally.mended += 1;
  else tally.survived += 1;
}

/** What a job says that is not so, or does not say. */
function findLie(
  job: Job,
  { isGreen, isKilled, output, outputs, hasCommitted }: JobResult,
): string | undefined {
  if (isKilled) return undefined;
  if (!isGreen && !/^(error: |::error)/m.test(output)) return 'it fails without a sentence';
  if (/\n\s+at .*(node:|file:)/.test(output)) return 'it shows a stack of calls';
  if (job !== 'publish' && job !== 'prune') return undefined;
  const count = Number(outputs['committed'] ?? 0);
  return hasCommitted === count > 0
    ? undefined
    : `it has ${hasCommitted ? '' : 'not '}committed, and says ${count}`;
}

function findDifference(state: unknown, wanted: unknown): string | undefined {
  if (isDeepStrictEqual(state, wanted)) return undefined;
  const [found, expected] = [flatten(state), flatten(wanted)];
  const paths = [...new Set([...found.keys(), ...expected.keys()])].filter(
    (path) => found.get(path) !== expected.get(path),
  );
  const lines = paths.map((path) => `${path}: ${found.get(path)} instead of ${expected.get(path)}`);
  return `another end than a clean run's: ${lines.slice(0, 10).join(', ')}`;
}

function flatten(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, each]) => [...flatten(each, `${path}/${key}`)]));
}
