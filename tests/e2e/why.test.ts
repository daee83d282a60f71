import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainBuild } from '../../scripts/coverage/why.ts';
import type { WhyAnswer } from '../../scripts/coverage/why.ts';
import { openSpack, findSolvers, SOLVER_ADVICE } from '../world/spack.ts';
import type { SpackHome } from '../world/spack.ts';

/** Nothing is fetched, compiled or needed for it. */
const RECIPE = `from spack.package import *


class TinyThing(Package):
    has_code = False
    version("1.1")
    version("1.0")
    variant("loud", default=False, description="Shout")

    def install(self, spec, prefix):
        mkdirp(prefix.bin)
        touch(prefix.bin.join("tiny-thing"))
`;

// Solves with all recipes take half a minute each. Classes of packages come with Spack itself from 1.1 on.
const [spack] = process.env['FULL'] ? findSolvers().filter(({ version }) => !version.startsWith('1.0')) : [];

describe.skipIf(spack === undefined)(
  `why a consumer builds from source, by their own Spack (without one: ${SOLVER_ADVICE}; npm run test:full)`,
  () => {
    let folder: string;
    let home: SpackHome;

    beforeAll(async () => {
      if (spack === undefined) return;
      folder = await mkdtemp('/tmp/');
      home = await openSpack(spack);
      const recipe = join(folder, 'spack_repo/tiny/packages/tiny_thing');
      await mkdir(recipe, { recursive: true });
      await writeFile(join(recipe, 'package.py'), RECIPE);
      await writeFile(join(folder, 'spack_repo/tiny/repo.yaml'), 'repo:\n  namespace: tiny\n  api: v2.2\n');
      await mkdir(join(folder, 'owner'));
      const repos = `repos:\n  tiny: ${join(folder, 'spack_repo/tiny')}\n`;
      await writeFile(join(folder, 'owner/repos.yaml'), repos);
      const run = async (...args: string[]): Promise<void> => {
        const { code, output } = await home.run(['-C', join(folder, 'owner'), ...args]);
        expect(code, output).toBe(0);
      };
      await run('install', 'tiny-thing@1.0');
      await run('buildcache', 'push', '--unsigned', '--update-index', join(folder, 'cache'), 'tiny-thing');
      await run('uninstall', '--yes-to-all', 'tiny-thing');
    }, 600_000);

    afterAll(async () => {
      await home?.close();
      if (folder !== undefined) await rm(folder, { recursive: true });
    });

    async function why(spec: string, files: Record<string, string> = {}): Promise<WhyAnswer> {
      const scope = await mkdtemp(join(folder, 'scope-'));
      for (const [name, text] of Object.entries(files)) await writeFile(join(scope, name), text);
      const cache = `file://${join(folder, 'cache')}`;
      const ask = (args: string[]) => home.run(args);
      return explainBuild(spec, { cache, spack: '', config: [join(folder, 'owner'), scope], try: true }, ask);
    }
    const mirror = (): Record<string, string> => ({
      'mirrors.yaml': `mirrors: {here: {url: "file://${join(folder, 'cache')}", signed: false}}\n`,
    });

    test('names nothing for what comes from the cache', async () => {
      expect(await why('tiny-thing', mirror())).toMatchObject({ error: '', causes: [] });
    });

    test('names a version that was asked for, and tries without it', async () => {
      const { causes, verified } = await why('tiny-thing@1.1', mirror());
      expect(causes[0]).toMatchObject({ kind: 'version', line: 'spack install tiny-thing' });
      expect(verified).toBe(true);
    });

    test('names a setting of the solver, a mirror that is not there, and a requirement', async () => {
      const reuse = { ...mirror(), 'concretizer.yaml': 'concretizer: {reuse: false}\n' };
      expect((await why('tiny-thing@1.0', reuse)).causes[0]?.kind).toBe('reuse');
      expect((await why('tiny-thing@1.0')).causes[0]?.kind).toBe('index');
      const files = { ...mirror(), 'packages.yaml': 'packages: {tiny-thing: {require: +loud}}\n' };
      const { causes, verified } = await why('tiny-thing', files);
      expect(causes[0]).toMatchObject({
        kind: 'variant',
        line: 'spack config rm packages:tiny-thing:require',
      });
      expect(verified).toBe(true);
    });
  },
);
