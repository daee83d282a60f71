import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { GitHub } from '../github/api.ts';
import { pace } from '../http/retry.ts';
import { startWorkflow } from '../github/repository.ts';

/** Maximum number of runs that follow each other automatically: at five hours per wave they take days. */
export const MAX_ROUNDS = 20;
/** Inputs of a dispatched workflow have at most 65,535 characters; this leaves room for the others. */
const MAX_SPECS_LENGTH = 60_000;
/** Time to wait for the site to serve this run's builds, since the next run takes its binaries from there. */
const DEPLOYMENT_MINUTES = 30;
const PAUSE_S = 30;

/** A workflow with the inputs that make it build the rest. */
export interface NextRun {
  workflow: 'environment.yml' | 'manual.yml';
  inputs: Record<string, string>;
}

/** Inputs that a run was started with, as text. For a list of specs all of them matter. */
export type NextOptions = Record<
  'environment' | 'since' | 'specs' | 'spack' | 'packages' | keyof ListToContinue['inputs'],
  string
>;

/** A list of specs to continue, with the inputs of its run. */
interface ListToContinue {
  /** One request per entry. */
  specs: readonly string[];
  /** Inputs as the user typed them. */
  inputs: Record<'target' | 'repos' | 'own' | 'flags' | 'fresh' | 'container', string>;
  /** Commits of Spack and of its recipes: with the same ones, the same specs give the same locks. */
  spack: string;
  packages: string;
}

/** Returns the run for the waiting specs (a JSON list), if empty for environments without failed specs. */
export function nextRun({
  environment,
  since,
  specs: json,
  spack,
  packages,
  ...inputs
}: NextOptions): NextRun {
  const specs = z.array(z.string()).parse(JSON.parse(json || '[]'));
  const { target, container, repos, own, flags, fresh } = inputs;
  return specs.length === 0
    ? { workflow: 'environment.yml', inputs: { environment, target, container, since } }
    : continueList({ specs, inputs: { target, repos, own, flags, fresh, container }, spack, packages });
}

/**
 * Returns the run that builds the rest of a list of specs. Used for random packages, too, since a new choice
 * would differ. Throws for a list that is too long for a workflow input.
 */
export function continueList({ specs, inputs, spack, packages }: ListToContinue): NextRun {
  const text = specs.join('\n');
  if (text.length > MAX_SPECS_LENGTH)
    throw new Error(
      `expected at most ${MAX_SPECS_LENGTH} characters of specs for the next run, found ${text.length}; ` +
        'start "Build specs" with a part of them',
    );
  return { workflow: 'manual.yml', inputs: { ...inputs, specs: text, spack, packages } };
}

/** Whether to start another run, and a sentence that says why. */
export interface Continuation {
  continues: boolean;
  sentence: string;
}

/**
 * Decides whether another run follows: while something waits and each run makes progress.
 * @param run the number of earlier runs, of builds that this run published, and of builds that wait
 */
export function decideContinuation({
  round,
  waiting,
  published,
}: Record<'round' | 'waiting' | 'published', number>): Continuation {
  const rest = `${waiting} ${waiting === 1 ? 'build waits' : 'builds wait'}`;
  if (waiting === 0) return { continues: false, sentence: 'Nothing waits for another run.' };
  if (published === 0) {
    return {
      continues: false,
      sentence: `${rest}, but this run built nothing new: another one would not either. Look at its jobs, then run it again.`,
    };
  }
  if (round + 1 >= MAX_ROUNDS) {
    return {
      continues: false,
      sentence: `${rest}, but ${MAX_ROUNDS} runs have followed each other. Start it again to continue.`,
    };
  }
  return { continues: true, sentence: `${rest}: run ${round + 2} starts now.` };
}

/**
 * Starts the next run, which keeps the locks of this one, once the site serves this run's builds.
 * @param isLive whether the site has the state of the branch
 */
export async function startNextRun(
  github: GitHub,
  { round, branch, next }: { round: number; branch: string; next: NextRun },
  isLive: () => Promise<boolean>,
): Promise<void> {
  for (let tries = (DEPLOYMENT_MINUTES * 60) / PAUSE_S; tries > 0 && !(await isLive()); tries -= 1)
    await wait(PAUSE_S * pace.secondMs);
  await startWorkflow(github, branch, next.workflow, { ...next.inputs, round: String(round + 1) });
}
