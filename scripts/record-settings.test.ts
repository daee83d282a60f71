import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runScript } from '../tests/world/run.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'record-settings-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('records nothing before the first build, and missing files after each run that publishes', async () => {
  const place = ['--catalog', join(folder, 'content')];
  const mirrors = join(folder, 'content/mirrors');
  const record = async (): Promise<string> =>
    (await runScript('record-settings', place, { SITE_URL: 'https://owner.github.io/cache' })).stderr;
  await runScript('publish', [
    'tests/fixtures/cache-unsigned',
    '--registry',
    `oci-layout:${folder}/registry`,
    ...place,
  ]);
  const builds = join(folder, 'content/builds');
  expect(existsSync(mirrors)).toBe(false);
  expect(await record()).toMatch(/^Recorded (\d+) of \1 settings files/);
  const [first = '', ...others] = readdirSync(mirrors);
  rmSync(join(mirrors, first));
  expect(await record()).toMatch(/^Recorded 1 of /);
  expect(readdirSync(mirrors)).toHaveLength(others.length + 1);

  rmSync(builds, { recursive: true });
  rmSync(mirrors, { recursive: true });
  expect(await record()).toMatch(/no build yet/);
  expect(existsSync(mirrors)).toBe(false);
});
