import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { listWorkflows, WORKFLOWS } from './workflows.ts';

/**
 * Uploads of other jobs are untrusted: recipes and build scripts ran there. download-artifact unpacks them
 * into `path`, by default into the checkout itself, over the scripts that the job runs next.
 * Source: `path` in https://github.com/actions/download-artifact/blob/main/action.yml ("Defaults to $GITHUB_WORKSPACE")
 */

const ROOT = resolve(import.meta.dirname, '../..');
const Step = z.looseObject({
  uses: z.string().default(''),
  with: z.record(z.string(), z.unknown()).default({}),
  run: z.string().default(''),
  env: z.record(z.string(), z.unknown()).default({}),
});
const Workflow = z.object({
  env: z.record(z.string(), z.unknown()).default({}),
  jobs: z.record(
    z.string(),
    z.object({
      permissions: z.record(z.string(), z.string()).optional(),
      steps: z.array(Step).default([]),
    }),
  ),
});

const JOBS = listWorkflows().flatMap((name) => {
  const { env, jobs } = Workflow.parse(parse(readFileSync(join(WORKFLOWS, name), 'utf8')));
  return Object.entries(jobs).map(([id, job]) => ({ where: `${name}: ${id}`, env, ...job }));
});

/** Folders of all downloads. */
const DOWNLOADS = JOBS.flatMap(({ where, steps }) =>
  steps
    .filter(({ uses }) => uses.startsWith('actions/download-artifact@'))
    .map((step) => ({ where, path: z.string().optional().parse(step.with['path']) })),
);

/** Commands that load recipes or run build scripts, unless a file has their results. */
const LOADS_RECIPES = /scripts\/(concretize|build|refresh|propose-update)\.ts(?!.*--(record-)?from )/;

test('no download is unpacked over files that the job runs', () => {
  expect(DOWNLOADS.length).toBeGreaterThan(8);
  const tracked = execFileSync('git', ['-C', ROOT, 'ls-files'], { encoding: 'utf8' }).split('\n');
  const taken = new Set([...tracked.map((path) => path.split('/')[0]), 'node_modules', '.work', '.git']);
  for (const { where, path = '' } of DOWNLOADS) {
    expect(path, where).toMatch(/^[a-z]+$/);
    expect([...taken], where).not.toContain(path);
  }
});

test('a job that loads recipes has no write access and no secrets', () => {
  const jobs = JOBS.filter(({ steps }) => steps.some(({ run }) => LOADS_RECIPES.test(run)));
  expect(jobs.map(({ where }) => where)).toEqual([
    'build.yml: concretize',
    'build.yml: build',
    'challenge.yml: build',
    'newer-releases.yml: look',
    'newer-releases.yml: read',
    'wave.yml: build',
  ]);
  for (const { where, permissions, ...job } of jobs) {
    expect(permissions, where).toEqual({ contents: 'read' });
    expect(JSON.stringify(job), where).not.toMatch(/\bsecrets\b|github\.token/);
  }
});

test("jobs that load recipes or name their repositories have the owner's: without them a build counts as removed", () => {
  const steps = JOBS.flatMap(({ where, env, steps }) =>
    steps.map((step) => ({ where, run: step.run, names: Object.keys({ ...env, ...step.env }) })),
  );
  for (const { where, run, names } of steps) {
    if (LOADS_RECIPES.test(run)) expect(names, where).toContain('OWN_PACKAGES');
    // The plan of a build names the repositories.
    if (/scripts\/rebuild\.ts/.test(run) || (LOADS_RECIPES.test(run) && !/scripts\/build\.ts/.test(run)))
      expect(names, where).toContain('SPACK_REPOS');
  }
});
