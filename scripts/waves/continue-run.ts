import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { GitHub } from '../github/api.ts';

/** The most runs that follow each other by themselves: with five hours a wave they take days. */
export const MAX_ROUNDS = 20;
const WORKFLOW = 'environment.yml';
/** How long the next run waits for the site to serve what this one has built: it takes its binaries from there. */
const DEPLOYMENT_MINUTES = 30;
const PAUSE_MS = 30_000;

/** What a run of environments came to, and what it was asked for. */
export interface RunToContinue {
  /** How many runs there were before this one; 0: somebody started it. */
  round: number;
  /** Builds that are still to be made. */
  waiting: number;
  /** Builds that this run published. */
  published: number;
  /** As they were typed, for the next run. */
  environment: string;
  target: string;
  container: boolean;
  branch: string;
}

/** Whether another run is started, and the sentence that says why. */
export interface Continuation {
  continues: boolean;
  sentence: string;
}

/** Decides whether a run goes on in another one: while something waits and each run makes progress. */
export function decideContinuation({
  round,
  waiting,
  published,
}: Pick<RunToContinue, 'round' | 'waiting' | 'published'>): Continuation {
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
      sentence: `${rest}, but ${MAX_ROUNDS} runs have followed each other. Start "Build environments" again to go on.`,
    };
  }
  return { continues: true, sentence: `${rest}: run ${round + 2} of the same environments begins.` };
}

/**
 * Starts the next run of the same environments, which keeps their locks, once the site serves what this one has built.
 * @param isLive whether the site shows what the branch has
 */
export async function startNextRun(
  github: GitHub,
  { round, environment, target, container, branch }: RunToContinue,
  isLive: () => Promise<boolean>,
  { pauseMs = PAUSE_MS } = {},
): Promise<void> {
  for (let tries = (DEPLOYMENT_MINUTES * 60_000) / PAUSE_MS; tries > 0 && !(await isLive()); tries -= 1)
    await wait(pauseMs);
  const inputs = { environment, target, container: String(container), round: String(round + 1) };
  const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches';
  await github.call(route, { workflow: WORKFLOW, ref: branch, inputs }, z.unknown());
}
