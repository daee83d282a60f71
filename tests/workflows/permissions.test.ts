import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { listWorkflows, WORKFLOWS } from './workflows.ts';

/**
 * GitHub refuses a whole run when a called workflow asks for more than the job that calls it grants, and neither
 * actionlint nor GitHub's parser looks at it.
 * Source: https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows#supported-keywords-for-jobs-that-call-a-reusable-workflow
 */

const LEVELS = ['none', 'read', 'write'];
const Permissions = z.record(z.string(), z.enum(LEVELS));
const Workflow = z.object({
  permissions: Permissions,
  jobs: z.record(z.string(), z.object({ uses: z.string().optional(), permissions: Permissions.optional() })),
});
type Workflows = Map<string, z.infer<typeof Workflow>>;

test('each job grants what the workflow that it calls asks for', () => {
  const workflows = readAll();
  expect(callsOf(workflows).length).toBeGreaterThan(2);
  expect(findMissing(workflows)).toEqual([]);
});

test('every permission that a caller grants is asked for by a job of the called workflow', () => {
  const workflows = readAll();
  for (const { workflow, job, called } of callsOf(workflows)) {
    const asked = new Set(needsOf(workflows, called).flatMap(({ permissions }) => Object.keys(permissions)));
    for (const name of Object.keys(grantOf(workflows, workflow, job)))
      expect(asked, `${workflow}: ${job}: ${name}`).toContain(name);
  }
});

test('a permission that a caller lacks is found, whichever it is', () => {
  for (const { workflow, job } of callsOf(readAll())) {
    const names = Object.keys(grantOf(readAll(), workflow, job));
    expect(names).toContain('contents');
    for (const name of names) {
      const workflows = readAll();
      grantOf(workflows, workflow, job)[name] = 'none';
      const found = findMissing(workflows);
      expect(found.join('\n'), `${workflow} without ${name}`).toContain(
        `${workflow}: ${job} grants ${name}: none`,
      );
    }
  }
});

function readAll(): Workflows {
  return new Map(
    listWorkflows().map((name) => [name, Workflow.parse(parse(readFileSync(join(WORKFLOWS, name), 'utf8')))]),
  );
}

/** The jobs that call a workflow of this repository. */
function callsOf(workflows: Workflows): { workflow: string; job: string; called: string }[] {
  return [...workflows].flatMap(([workflow, { jobs }]) =>
    Object.entries(jobs).flatMap(([job, { uses }]) =>
      uses?.startsWith('./') ? [{ workflow, job, called: basename(uses) }] : [],
    ),
  );
}

function grantOf(workflows: Workflows, workflow: string, job: string): Record<string, string> {
  const { permissions, jobs } = get(workflows, workflow);
  return jobs[job]?.permissions ?? permissions;
}

/** What the jobs of a workflow ask for, those that it calls in turn included. */
function needsOf(
  workflows: Workflows,
  workflow: string,
): { where: string; permissions: Record<string, string> }[] {
  return Object.entries(get(workflows, workflow).jobs).flatMap(([job, { uses }]) => [
    { where: `${workflow}: ${job}`, permissions: grantOf(workflows, workflow, job) },
    ...(uses?.startsWith('./') ? needsOf(workflows, basename(uses)) : []),
  ]);
}

function findMissing(workflows: Workflows): string[] {
  return callsOf(workflows).flatMap(({ workflow, job, called }) => {
    const granted = grantOf(workflows, workflow, job);
    return needsOf(workflows, called).flatMap(({ where, permissions }) =>
      Object.entries(permissions)
        .filter(([name, level]) => LEVELS.indexOf(level) > LEVELS.indexOf(granted[name] ?? 'none'))
        .map(
          ([name, level]) =>
            `${workflow}: ${job} grants ${name}: ${granted[name] ?? 'none'}, ${where} asks for ${level}`,
        ),
    );
  });
}

function get(workflows: Workflows, name: string): z.infer<typeof Workflow> {
  const workflow = workflows.get(name);
  if (!workflow) throw new Error(`a job calls ${name}, which is not there`);
  return workflow;
}
