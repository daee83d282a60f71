import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { listWorkflows, WORKFLOWS } from './workflows.ts';

/**
 * What other jobs have uploaded is anybody's: recipes and build scripts ran there. download-artifact unpacks it into `path`, and
 * into the checkout itself where there is none, over the scripts that the job runs next.
 * Source: `path` in https://github.com/actions/download-artifact/blob/main/action.yml ("Defaults to $GITHUB_WORKSPACE")
 */

const ROOT = resolve(import.meta.dirname, '../..');
const Workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({
      steps: z
        .array(
          z.object({ uses: z.string().default(''), with: z.record(z.string(), z.unknown()).default({}) }),
        )
        .default([]),
    }),
  ),
});

/** The folder of each download, by workflow and job. */
const DOWNLOADS = listWorkflows().flatMap((name) => {
  const { jobs } = Workflow.parse(parse(readFileSync(join(WORKFLOWS, name), 'utf8')));
  return Object.entries(jobs).flatMap(([job, { steps }]) =>
    steps
      .filter(({ uses }) => uses.startsWith('actions/download-artifact@'))
      .map((step) => ({ where: `${name}: ${job}`, path: z.string().optional().parse(step.with['path']) })),
  );
});

test('no download is unpacked over what the job runs', () => {
  expect(DOWNLOADS.length).toBeGreaterThan(8);
  const tracked = execFileSync('git', ['-C', ROOT, 'ls-files'], { encoding: 'utf8' }).split('\n');
  const taken = new Set([...tracked.map((path) => path.split('/')[0]), 'node_modules', '.work', '.git']);
  for (const { where, path = '' } of DOWNLOADS) {
    expect(path, where).toMatch(/^[a-z]+$/);
    expect([...taken], where).not.toContain(path);
  }
});
