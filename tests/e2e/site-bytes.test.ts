import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { basicVariables, PROJECT, runProgram, runScript } from '../world/run.ts';
import { copyProject } from '../world/template.ts';
import { readState } from './folder-state.ts';

const MINUTES = 60_000;
const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

// Path length, depth, time zone and time differ.
test.runIf(process.env['FULL'] === '1')(
  'two copies of the project in two folders build the same site byte for byte, including mirror and signatures',
  async () => {
    const shared = await makeFolder('shared-');
    const [registry, catalog] = [`oci-layout:${join(shared, 'registry')}`, join(shared, 'catalog')];
    await runScript('key', ['--catalog', catalog, '--out', join(shared, 'key.asc')]);
    const SIGNING_KEY = await readFile(join(shared, 'key.asc'), 'utf8');
    const cache = join(PROJECT, 'tests/fixtures/cache-unsigned');
    await runScript('publish', [cache, '--registry', registry, '--catalog', catalog], { SIGNING_KEY });

    const build = async (folder: string, TZ: string): Promise<Record<string, string>> => {
      await mkdir(folder, { recursive: true });
      copyProject(folder);
      await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
      await cp(catalog, join(folder, 'site/content'), { recursive: true });
      const env = {
        ...basicVariables(),
        ...{ TZ, SIGNING_KEY, REGISTRY: registry, SITE_URL: 'https://owner.github.io/lab-cache' },
        ASTRO_TELEMETRY_DISABLED: '1',
      };
      for (const args of [
        [resolve(PROJECT, 'node_modules/astro/bin/astro.mjs'), 'build'],
        ['scripts/mirror.ts', '--dist', 'dist'],
        ['scripts/sign-index.ts', '--dist', 'dist'],
      ]) {
        const { code, output } = await runProgram(process.execPath, args, env, folder);
        expect(code, output).toBe(0);
      }
      return readState(join(folder, 'dist'));
    };
    const first = await build(await makeFolder('a-'), 'UTC');
    const second = await build(join(await makeFolder('another-'), 'deeper/in/there'), 'Asia/Kathmandu');
    expect(Object.keys(first).length).toBeGreaterThan(200);
    expect(second).toEqual(first);
  },
  10 * MINUTES,
);

async function makeFolder(prefix: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
}
