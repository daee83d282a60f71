import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { commitFiles, git, makeRepository } from '../../tests/world/git.ts';
import { reportNewer } from './report.ts';

const folder = mkdtempSync(join(tmpdir(), 'report-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

const releases = join(folder, 'releases');
makeRepository(releases);
commitFiles(releases, { 'README.md': '' });
for (const tag of ['v1.9.0', 'v1.10.0']) git(releases, 'tag', tag);
const SOURCES = { SPACK_GIT_URL: releases, SPACK_PACKAGES_GIT_URL: releases };
const RUN = { GITHUB_OUTPUT: join(folder, 'output') };
const OLDER = { spack: 'v1.9.0', packages: 'v1.10.0' };

async function report(settings: typeof OLDER, environment: Record<string, string>): Promise<string> {
  const said = vi.spyOn(console, 'error').mockReturnValue();
  await reportNewer(settings, environment);
  return said.mock.calls.join('\n');
}

test('reports newer releases when no weekly workflow looks for them', async () => {
  const sentence = 'There are newer releases than the settings name: Spack v1.10.0. The workflow';
  expect(await report(OLDER, { ...SOURCES, ...RUN })).toContain(sentence);
  expect(await report(OLDER, { ...SOURCES, ...RUN, SCHEDULED_BUILDS: 'false' })).toContain(sentence);
});

test.each([
  ['the weekly look proposes them', OLDER, { ...RUN, SCHEDULED_BUILDS: 'true' }],
  ['the settings follow them', { spack: 'latest', packages: 'latest' }, RUN],
  ['it is no run of a workflow', OLDER, {}],
])('nothing is said where %s', async (_, settings, environment) => {
  expect(await report(settings, { ...SOURCES, ...environment })).toBe('');
});

test('continues when releases cannot be looked up', async () => {
  const nowhere = { SPACK_GIT_URL: `file://${folder}/none`, SPACK_PACKAGES_GIT_URL: releases };
  expect(await report(OLDER, { ...nowhere, ...RUN })).toMatch(/^could not check for newer releases: /);
});
