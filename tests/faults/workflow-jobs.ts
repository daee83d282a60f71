import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { JobName } from './jobs.ts';

const WORKFLOWS = resolve(import.meta.dirname, '../../.github/workflows');

/** Workflow file and id of each job. */
const PLACES: Record<JobName, [file: string, id: string]> = {
  choose: ['build.yml', 'choose'],
  type: ['build.yml', 'choose'],
  concretize: ['build.yml', 'concretize'],
  plan: ['build.yml', 'plan'],
  build: ['build.yml', 'build'],
  check: ['check-builds.yml', 'check'],
  publish: ['build.yml', 'publish'],
  start: ['build.yml', 'deploy'],
  deploy: ['deploy.yml', 'deploy'],
  failed: ['deploy.yml', 'report'],
  succeeded: ['deploy.yml', 'report'],
  continue: ['build.yml', 'continue'],
  import: ['build.yml', 'publish'],
  refresh: ['newer-releases.yml', 'record'],
  prune: ['prune.yml', 'prune'],
};

const WorkflowStep = z.object({
  if: z.union([z.string(), z.boolean()]).optional(),
  env: z.record(z.string(), z.unknown()).default({}),
  run: z.string().default(''),
});
const Workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({
      permissions: z.record(z.string(), z.enum(['read', 'write'])).optional(),
      steps: z.array(WorkflowStep).default([]),
    }),
  ),
});

/** A job as defined in its workflow. */
export interface WorkflowJob {
  permissions: Record<string, 'read' | 'write'>;
  steps: { script: string; hasToken: boolean; runsAfterFailure: boolean }[];
}

const jobs = new Map<JobName, WorkflowJob>();

/**
 * Reads the permissions that a workflow grants a job, and the scripts that it runs. Each job is read once: the API's
 * stand-in asks with each request.
 */
export function readWorkflowJob(job: JobName): WorkflowJob {
  const read = jobs.get(job) ?? parseWorkflowJob(job);
  jobs.set(job, read);
  return read;
}

function parseWorkflowJob(job: JobName): WorkflowJob {
  const [file, id] = PLACES[job];
  const workflow = Workflow.parse(parse(readFileSync(join(WORKFLOWS, file), 'utf8')));
  const { permissions = {}, steps = [] } = workflow.jobs[id] ?? {};
  return {
    permissions,
    steps: steps.flatMap(({ if: condition = '', env, run }) => {
      const [, script] = /node (scripts\/[\w-]+\.ts)/.exec(run) ?? [];
      const runsAfterFailure = /!cancelled\(\)/.test(String(condition));
      return script === undefined ? [] : [{ script, hasToken: 'GITHUB_TOKEN' in env, runsAfterFailure }];
    }),
  };
}
