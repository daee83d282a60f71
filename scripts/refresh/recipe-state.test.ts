import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { testedSpacks } from '../../tests/world/spack.ts';
import { RecipeAnswer } from './refresh.ts';

const FIXTURE = join(import.meta.dirname, '../../tests/fixtures/cache-unsigned');

interface Index {
  database: { installs: Record<string, { spec: { name: string; namespace?: string; external?: object } }> };
}

/** Index of the fixture, with three builds of bzip2 and with externals. */
function fixtureIndex(): Index {
  const manifest = join(FIXTURE, 'v3/manifests/index/index.manifest.json');
  const { data } = JSON.parse(readFileSync(manifest, 'utf8')) as { data: [{ checksum: string }] };
  const { checksum } = data[0];
  const blob = join(FIXTURE, 'blobs/sha256', checksum.slice(0, 2), checksum);
  return JSON.parse(readFileSync(blob, 'utf8')) as Index;
}

/** A repository named lab: missing, without the requested recipe, or with a recipe that cannot be loaded. */
const LABS: [string, Record<string, string> | undefined, string | undefined][] = [
  ['that is not here', undefined, undefined],
  ['that has no recipe of it', {}, 'no recipe'],
  ['whose recipe cannot be loaded', { compiler_wrapper: 'import missing_module\n' }, undefined],
];

test.skipIf(testedSpacks().length === 0).for(LABS)(
  'asks real recipes about every build, including several of one package, and one of a repository %s',
  async ([, recipes, expected]) => {
    const folder = await mkdtemp('/tmp/');
    onTestFinished(() => rm(folder, { recursive: true }));
    const [input, output] = [join(folder, 'index.json'), join(folder, 'states.json')];
    const { database } = fixtureIndex();
    const built = Object.entries(database.installs).filter(([, { spec }]) => spec.external === undefined);
    const [elsewhere] = built.filter(([, { spec }]) => spec.name === 'compiler-wrapper');
    if (!elsewhere) throw new Error('expected a build of compiler-wrapper');
    // A repository that is not available here may still have it.
    elsewhere[1].spec.namespace = 'lab';
    await writeFile(input, JSON.stringify({ database }));
    const script = join(import.meta.dirname, '../spack/recipe_state.py');
    const lab = join(folder, 'spack_repo/lab');
    for (const [name, text] of Object.entries(recipes ?? {})) {
      await mkdir(join(lab, 'packages', name), { recursive: true });
      await writeFile(join(lab, 'packages', name, 'package.py'), text);
    }
    if (recipes) {
      await mkdir(join(lab, 'packages'), { recursive: true });
      await writeFile(join(lab, 'repo.yaml'), 'repo:\n  namespace: lab\n  api: v2.0\n');
      await writeFile(join(folder, 'repos.yaml'), `repos:\n  lab: ${lab}\n`);
    }
    const child = spawn(testedSpacks()[0]?.program ?? '', ['-C', folder, 'python', script, input, output], {
      env: { ...process.env, SPACK_DISABLE_LOCAL_CONFIG: '1', SPACK_USER_CACHE_PATH: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    const { states, packages } = RecipeAnswer.parse(JSON.parse(await readFile(output, 'utf8')));
    expect(states[elsewhere[0]]?.state).toBe(expected);
    const answered = built.map(([hash]) => hash).filter((hash) => expected ?? hash !== elsewhere[0]);
    expect(Object.keys(states).sort()).toEqual(answered.sort());
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
