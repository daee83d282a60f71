import { isDeepStrictEqual } from 'node:util';
import type { Fault } from './faults.ts';
import { JOBS, type JobName, type JobStep } from './jobs.ts';
import type { StepResult, World, WorldState } from './world.ts';

const DAY_S = 86_400;
const FIRST_DAY = 1_763_900_000;

/** A step at a point of a repository's life. */
export interface Stage {
  job: JobName;
  /** Name of its job; a different one for each if the job occurs twice. */
  as: string;
  /** Name such as `publish receive` or `second prune commit`. */
  name: string;
  steps: readonly JobStep[];
  /** Its position among them. */
  index: number;
  committed: string;
  /** Restores the world to the point before it. */
  enter(): void;
  clean: StepResult;
  /** The point after it. */
  after: string;
  /** End of the job without a fault. */
  end: { outputs: Record<string, string>; state: WorldState };
}

/** Number of faults of a step, by outcome. */
export interface Tally {
  injected: number;
  survived: number;
  mended: number;
  /** Descriptions of wrong outcomes. */
  neither: number;
  /** Faults whose request or write did not occur this time. */
  missed: number;
}

/** End of the rest of a job. */
interface Ending {
  isMended: boolean;
  finding: string | undefined;
  output: string;
}

/** A job at a point of a repository's life. */
interface Chapter {
  job: JobName;
  /** Its name, if the job occurs twice. */
  as?: string;
  number: 0 | 1;
  day: number;
  /** Scripts to sweep (default: all). */
  swept?: readonly string[];
}

/**
 * A run of typed specs, up to Spack: the recorded one knows nothing of a cache with builds. Then two runs,
 * the second of which adds builds, an import, news of recipes, and the later removal of everything.
 */
const LIFE: readonly Chapter[] = [
  { job: 'type', number: 0, day: 0, swept: [] },
  { job: 'concretize', number: 0, day: 0 },
  { job: 'plan', number: 0, day: 0 },
  { job: 'build', number: 0, day: 0 },
  // State that the second run finds.
  { job: 'publish', as: 'first publish', number: 0, day: 0, swept: ['record-settings'] },
  { job: 'deploy', as: 'first deploy', number: 0, day: 0, swept: [] },
  { job: 'choose', number: 1, day: 1 },
  { job: 'check', number: 1, day: 1 },
  { job: 'publish', number: 1, day: 1 },
  { job: 'start', number: 1, day: 1 },
  { job: 'failed', number: 1, day: 1 },
  { job: 'deploy', number: 1, day: 1 },
  { job: 'succeeded', number: 1, day: 1 },
  { job: 'continue', number: 1, day: 1 },
  { job: 'import', number: 1, day: 2 },
  { job: 'refresh', number: 1, day: 3 },
  { job: 'prune', number: 1, day: 60 },
  { job: 'prune', as: 'second prune', number: 1, day: 90 },
];

/**
 * Runs the whole life of a repository without faults, and saves the point before each step.
 * @param wanted names of the steps to sweep; its life ends with the last of them
 * @returns the steps to sweep
 */
export async function liveCleanly(world: World, wanted: RegExp): Promise<Stage[]> {
  const isSwept = (chapter: Chapter, step: JobStep): boolean =>
    !step.isSpared &&
    (chapter.swept?.includes(verbOf(step)) ?? true) &&
    wanted.test(stageName(chapter, step));
  const last = LIFE.findLastIndex((each) => stepsOf(each).some((step) => isSwept(each, step)));
  const stages: Stage[] = [];
  let committed = '';
  for (const chapter of LIFE.slice(0, last + 1)) {
    const { job, as = job, number, day } = chapter;
    world.at({ number, date: FIRST_DAY + day * DAY_S });
    world.begin(job, { committed });
    const steps = stepsOf(chapter);
    const own: Omit<Stage, 'end'>[] = [];
    for (const [index, step] of steps.entries()) {
      const enter = isSwept(chapter, step) ? world.save() : undefined;
      const clean = await world.step(step);
      if (!clean.isGreen) throw new Error(`${job} fails without a fault:\n${clean.output}`);
      const name = stageName(chapter, step);
      if (enter)
        own.push({ job, as, name, steps, index, committed, enter, clean, after: await world.point() });
    }
    const { outputs } = world.progress();
    if (own.length > 0) {
      const end = { outputs, state: await world.state() };
      stages.push(...own.map((stage) => ({ ...stage, end })));
    }
    committed = outputs['committed'] ?? committed;
  }
  return stages;
}

function stepsOf({ job }: Chapter): readonly JobStep[] {
  return JOBS[job];
}

function stageName({ job, as = job }: Chapter, step: JobStep): string {
  return `${as} ${verbOf(step)}`;
}

/** Verb of a script: `receive` for `scripts/receive.ts`. */
function verbOf({ script }: JobStep): string {
  return script.replace(/^.*\/|\.ts$/g, '');
}

/**
 * Injects faults into the steps of a world, each from the point before its step. Since the same point always
 * has the same continuation, that is run only once per point. A job is re-run only once per state outside its
 * runner, which most faults leave unchanged.
 */
export function openSweep(
  world: World,
): (stage: Stage, fault: Fault, tally: Tally) => Promise<string | undefined> {
  const endings = new Map<string, Ending>();
  const runsAgain = new Map<string, Ending>();

  return async (stage, fault, tally) => {
    stage.enter();
    const step = stage.steps[stage.index];
    if (!step) throw new Error(`${stage.name}: no such step`);
    const hit = await world.step(step, fault);
    if (!hit.isHit) {
      tally.missed += 1;
      return undefined;
    }
    const point = await world.point();
    const key = `${stage.name} ${point}`;
    const ending =
      point === stage.after
        ? { isMended: false, finding: undefined, output: '' }
        : (endings.get(key) ?? (await finish(world, stage, runsAgain)));
    endings.set(key, ending);
    tally.injected += 1;
    const finding = findLie(hit) ?? (isSaid(hit, ending.finding) ? undefined : ending.finding);
    if (finding === undefined) {
      if (ending.isMended) tally.mended += 1;
      else tally.survived += 1;
      return undefined;
    }
    tally.neither += 1;
    return `${stage.name}, ${JSON.stringify(fault)}: ${finding}\n${hit.output}\nthen: ${ending.output}`;
  };
}

/** Runs the remaining steps of a job and, if it fails, re-runs the job, as its owner would. */
async function finish(world: World, stage: Stage, runsAgain: Map<string, Ending>): Promise<Ending> {
  const { steps, index, end } = stage;
  const { finding, output } = await runRest(world, stage, steps.slice(index + 1));
  if (world.progress().isGreen) {
    const { outputs } = world.progress();
    const isSame = isDeepStrictEqual(comparable(outputs), comparable(end.outputs));
    const other = isSame
      ? undefined
      : `outputs ${JSON.stringify(outputs)} instead of a clean run's ${JSON.stringify(end.outputs)}`;
    return {
      isMended: false,
      finding: finding ?? findDifference(await world.state(), end.state) ?? other,
      output,
    };
  }
  const key = `${stage.as} ${await world.outside()}`;
  const wrong = finding ?? findWrongBuild(await world.state(), end.state);
  const again = runsAgain.get(key) ?? (await runAgain(world, stage));
  runsAgain.set(key, again);
  return { isMended: true, finding: wrong ?? again.finding, output: `${output}\nagain:\n${again.output}` };
}

/**
 * Re-runs a job. Its outputs may differ, since the second attempt does not commit again what the first one
 * did.
 */
async function runAgain(world: World, stage: Stage): Promise<Ending> {
  const { job, committed, steps, end } = stage;
  world.begin(job, { attempt: 2, committed });
  const { finding, output } = await runRest(world, stage, steps);
  const failed = world.progress().isGreen ? undefined : 'the next run fails, too';
  const state = await world.state();
  return { isMended: true, finding: finding ?? failed ?? findDifference(state, end.state), output };
}

/** Jobs whose outputs say what they committed. */
const COMMITTING = new Set<JobName>(['publish', 'import', 'refresh', 'prune']);

/** Runs the steps of a job to its end. @returns false statements in their output */
async function runRest(
  world: World,
  { job }: Stage,
  rest: readonly JobStep[],
): Promise<Pick<Ending, 'finding' | 'output'>> {
  let output = '';
  for (const step of rest) {
    const result = await world.step(step);
    output += result.output;
    const finding = findLie(result);
    if (finding !== undefined) return { finding, output };
  }
  const { outputs, isLost, isCutOff } = world.progress();
  if (isLost || isCutOff || !COMMITTING.has(job)) return { finding: undefined, output };
  const count = Number(outputs['committed'] ?? 0);
  if (world.hasCommitted() === count > 0) return { finding: undefined, output };
  return { finding: `it has ${world.hasCommitted() ? '' : 'not '}committed, and says ${count}`, output };
}

/** Finds a false or missing statement in the output of a step. */
function findLie({ isGreen, isKilled, output }: StepResult): string | undefined {
  if (isKilled) return undefined;
  if (!isGreen && !/^(error: |::error|not imported: )/m.test(output)) return 'it fails without a sentence';
  if (/\n\s+at .*(node:|file:)/.test(output)) return 'it shows a stack of calls';
  return undefined;
}

/**
 * Whether the step has warned about all that differs: earlier indexes that a client may still request are
 * missing on the site and in its list, or the recorded settings name the address that follows from the
 * repository's name, since GitHub did not say where the site is.
 */
function isSaid({ output }: StepResult, finding = ''): boolean {
  if (/site's address,? (which )?is derived from the repository's name/.test(output))
    return /: \/tree: \S+ instead of \S+$/.test(finding);
  const withoutList = finding.replace(/\/site\/v3\/kept-indexes\.json: \S+ instead of [0-9a-f]{64}(, )?/, '');
  const isOldIndex = /: (\/site\/blobs\/\S+: undefined instead of [0-9a-f]{64}(, |$))+$/.test(withoutList);
  return isOldIndex && /an index of the live site \S+ could not be kept/.test(output);
}

/** Finds a build that a failed job leaves and a clean one would not. */
function findWrongBuild({ uploads }: WorldState, { uploads: wanted }: WorldState): string | undefined {
  const path = Object.keys(uploads).find(
    (each) => each.startsWith('previewed/builds/') && uploads[each] !== wanted[each],
  );
  return path === undefined ? undefined : `it leaves ${path}, which a clean run does not`;
}

function findDifference(state: unknown, wanted: unknown): string | undefined {
  if (isDeepStrictEqual(state, wanted)) return undefined;
  const [found, expected] = [flatten(state), flatten(wanted)];
  const paths = [...new Set([...found.keys(), ...expected.keys()])].filter(
    (path) => found.get(path) !== expected.get(path),
  );
  const lines = paths.map(
    (path) => `${path}: ${String(found.get(path))} instead of ${String(expected.get(path))}`,
  );
  return `another end than a clean run's: ${lines.slice(0, 10).join(', ')}`;
}

function flatten(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, each]) => [...flatten(each, `${path}/${key}`)]));
}

/** Leaves out the output that correctly reports a fault and that the workflow handles: it pushes again. */
function comparable(outputs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => name !== 'missing'));
}
