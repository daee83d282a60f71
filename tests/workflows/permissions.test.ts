import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { isTemplate } from '../world/template.ts';
import { listWorkflows, WORKFLOWS } from './workflows.ts';

/**
 * GitHub refuses a whole run when a called workflow requests more permissions than the calling job grants;
 * neither actionlint nor GitHub's parser checks this.
 * Source: https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows#supported-keywords-for-jobs-that-call-a-reusable-workflow
 */

const LEVELS = ['none', 'read', 'write'];
const Permissions = z.record(z.string(), z.enum(LEVELS));
const Steps = z.array(z.object({ uses: z.string().default('') })).default([]);
const Workflow = z.object({
  permissions: Permissions,
  jobs: z.record(
    z.string(),
    z.object({
      uses: z.string().optional(),
      permissions: Permissions.optional(),
      environment: z.object({ name: z.string() }).optional(),
      steps: Steps,
    }),
  ),
});
type Workflows = Map<string, z.infer<typeof Workflow>>;

/**
 * Permissions that actions need, from their READMEs and the errors in their sources: `missing "id-token"
 * permission` (src/main.ts of actions/attest), `Ensure GITHUB_TOKEN has permission "id-token: write"`
 * (src/index.js of actions/deploy-pages).
 */
const ACTIONS: Record<string, Record<string, string>> = {
  'actions/checkout': { contents: 'read' },
  'actions/configure-pages': { pages: 'read' },
  'actions/deploy-pages': { pages: 'write', 'id-token': 'write' },
  'actions/attest-build-provenance': { 'id-token': 'write', attestations: 'write' },
};

test.runIf(isTemplate)('each job grants the permissions that the called workflow requests', () => {
  const workflows = readAll();
  expect(callsOf(workflows).length).toBeGreaterThan(2);
  expect(findMissing(workflows)).toEqual([]);
});

test.runIf(isTemplate)('no caller grants a higher level than a job of the called workflow requests', () => {
  expect(findExcess(readAll())).toEqual([]);
});

test.runIf(isTemplate)('finds any grant that is higher than requested', () => {
  for (const { workflow, job, called } of callsOf(readAll())) {
    const workflows = readAll();
    const granted = grantOf(workflows, workflow, job);
    granted['checks'] = 'read';
    expect(findExcess(workflows)).toEqual([`${workflow}: ${job} grants checks: read, nothing asks for it`]);
    delete granted['checks'];
    for (const [name, level] of Object.entries(granted)) {
      if (level !== 'read') continue;
      granted[name] = 'write';
      expect(findExcess(workflows)).toEqual([
        `${workflow}: ${job} grants ${name}: write, ${called} asks for read`,
      ]);
      granted[name] = 'read';
    }
  }
});

test.runIf(isTemplate)('finds any permission that a caller lacks', () => {
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

test.runIf(isTemplate)('each job grants the permissions that its actions need', () => {
  const workflows = readAll();
  expect(findUngranted(workflows)).toEqual([]);
  const deploy = grantOf(workflows, 'deploy.yml', 'deploy');
  delete deploy['id-token'];
  deploy['pages'] = 'read';
  expect(findUngranted(workflows)).toEqual([
    'deploy.yml: deploy grants pages: read, an action needs write',
    'deploy.yml: deploy grants id-token: none, an action needs write',
  ]);
});

test.runIf(isTemplate)(
  'a deployment to Pages has an environment, without which GitHub refuses it: "Missing environment"',
  () => {
    const jobs = [...readAll().values()].flatMap((workflow) => Object.values(workflow.jobs));
    const deploying = jobs.filter((job) => actionsOf(job.steps).includes('actions/deploy-pages'));
    expect(deploying.map(({ environment }) => environment?.name)).toEqual(['github-pages']);
  },
);

/** Lists actions of steps, with those of this repository's own actions. */
function actionsOf(steps: z.infer<typeof Steps>): string[] {
  return steps.flatMap(({ uses }) => {
    if (!uses.startsWith('./')) return [uses.replace(/@.*/, '')];
    const text = readFileSync(join(WORKFLOWS, '../..', uses, 'action.yml'), 'utf8');
    return actionsOf(z.object({ runs: z.object({ steps: Steps }) }).parse(parse(text)).runs.steps);
  });
}

function findUngranted(workflows: Workflows): string[] {
  return [...workflows].flatMap(([workflow, { jobs }]) =>
    Object.entries(jobs).flatMap(([job, { steps }]) =>
      actionsOf(steps).flatMap((action) =>
        Object.entries(ACTIONS[action] ?? {}).flatMap(([permission, level]) => {
          const granted = grantOf(workflows, workflow, job)[permission] ?? 'none';
          const isEnough = LEVELS.indexOf(granted) >= LEVELS.indexOf(level);
          return isEnough
            ? []
            : [`${workflow}: ${job} grants ${permission}: ${granted}, an action needs ${level}`];
        }),
      ),
    ),
  );
}

/** Copies all workflows, for one test to change. */
function readAll(): Workflows {
  all ??= new Map(
    listWorkflows().map((name) => [name, Workflow.parse(parse(readFileSync(join(WORKFLOWS, name), 'utf8')))]),
  );
  return structuredClone(all);
}

let all: Workflows | undefined;

/** Lists the jobs that call a workflow of this repository. */
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

/** Permissions requested by the jobs of a workflow, including called workflows. */
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

/** Lists grants above the highest level that the called workflow requests. */
function findExcess(workflows: Workflows): string[] {
  return callsOf(workflows).flatMap(({ workflow, job, called }) => {
    const asked = (name: string): number =>
      Math.max(
        0,
        ...needsOf(workflows, called).map(({ permissions }) => LEVELS.indexOf(permissions[name] ?? 'none')),
      );
    return Object.entries(grantOf(workflows, workflow, job))
      .filter(([name, level]) => LEVELS.indexOf(level) > asked(name))
      .map(([name, level]) => {
        const [least = ''] = LEVELS.slice(asked(name));
        const instead = least === 'none' ? 'nothing asks for it' : `${called} asks for ${least}`;
        return `${workflow}: ${job} grants ${name}: ${level}, ${instead}`;
      });
  });
}

function get(workflows: Workflows, name: string): z.infer<typeof Workflow> {
  const workflow = workflows.get(name);
  if (!workflow) throw new Error(`a job calls ${name}, which is not there`);
  return workflow;
}
