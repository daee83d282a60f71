import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { testedSpacks } from '../../tests/world/spack.ts';
import { RecipeAnswer } from './refresh.ts';

const FIXTURE = join(import.meta.dirname, '../../tests/fixtures/cache-unsigned');

interface Index {
  database: { installs: Record<string, { spec: { name: string; external?: object } }> };
}

/** The index of the fixture: it has three builds of bzip2, and externals. */
function fixtureIndex(): string {
  const manifest = join(FIXTURE, 'v3/manifests/index/index.manifest.json');
  const { data } = JSON.parse(readFileSync(manifest, 'utf8')) as { data: [{ checksum: string }] };
  const { checksum } = data[0];
  return join(FIXTURE, 'blobs/sha256', checksum.slice(0, 2), checksum);
}

test.skipIf(testedSpacks().length === 0)(
  'asks real recipes about every build, also about several of one package',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp('/tmp/');
    onTestFinished(() => rm(folder, { recursive: true }));
    const output = join(folder, 'states.json');
    const script = join(import.meta.dirname, '../spack/recipe_state.py');
    const child = spawn(testedSpacks()[0]?.program ?? '', ['python', script, fixtureIndex(), output], {
      env: { ...process.env, SPACK_DISABLE_LOCAL_CONFIG: '1', SPACK_USER_CACHE_PATH: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    const { states, packages } = RecipeAnswer.parse(JSON.parse(await readFile(output, 'utf8')));
    const { installs } = (JSON.parse(readFileSync(fixtureIndex(), 'utf8')) as Index).database;
    const built = Object.entries(installs).filter(([, { spec }]) => spec.external === undefined);
    expect(Object.keys(states).sort()).toEqual(built.map(([hash]) => hash).sort());
    const bzip2 = built.filter(([, { spec }]) => spec.name === 'bzip2').map(([hash]) => states[hash]);
    expect(bzip2.length).toBeGreaterThan(1);
    for (const state of bzip2) {
      expect(state).toMatchObject({ state: 'known', newest: '1.0.8' });
      expect(state?.package_hash).toMatch(/^[a-z2-7]{52}={0,4}$/);
      expect(state?.shared).toEqual(expect.arrayContaining(['generic.py', 'sourceware.py']));
    }
    expect(packages.find(({ name }) => name === 'bzip2')?.homepage).toContain('sourceware.org');
  },
);
