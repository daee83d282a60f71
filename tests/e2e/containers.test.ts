import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createLayout } from '../../scripts/oci/layout.ts';
import { openRegistry } from '../../scripts/oci/open-registry.ts';
import { ImageIndex, ImageManifest } from '../../site/schemas/image-manifest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { addToIndex } from '../../scripts/containers/make-container.ts';
import { startRegistry, type TestRegistry } from '../world/registry.ts';
import { findSolvers, SOLVER_ADVICE } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';
import { TARGET } from '../rehearse/setting.ts';
import { expectRun, runInside } from './root-folder.ts';
import { OWN_PLATFORM as OWN, pushSmallBase } from './small-base.ts';

const MINUTES = 60_000;
const OTHER = { os: 'linux', architecture: process.arch === 'arm64' ? 'amd64' : 'arm64' };
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const Config = z.object({
  config: z.object({ Env: z.array(z.string()) }),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});
const [spack] = findSolvers();
const canRun = spack && process.env['FULL'] === '1' && process.platform === 'linux';

describe.skipIf(!canRun)(
  `containers of what a real Spack builds (without one: ${SOLVER_ADVICE}; npm run test:full)`,
  () => {
    let bench: Workbench;
    let registry: TestRegistry;
    let folder: string;
    let repository: string;

    beforeAll(async () => {
      if (!spack) return;
      folder = await mkdtemp(join(tmpdir(), 'containers-'));
      registry = await startRegistry();
      repository = `${registry.host}/owner/cache`;
      await pushSmallBase(`http://${registry.host}/base/small`, folder);
      const own = join(folder, 'own');
      const fixtures = join(import.meta.dirname, '../fixtures');
      await cp(join(fixtures, 'recipes'), own, { recursive: true });
      await cp(join(fixtures, 'splices'), join(own, 'spack_repo/trial/packages'), { recursive: true });
      bench = await openWorkbench(spack, {
        OWN_PACKAGES: own,
        REGISTRY: repository,
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'owner/cache',
        GITHUB_REPOSITORY_ID: '1',
        GITHUB_RUN_ID: '7',
        GITHUB_SHA: COMMIT,
      });
      await mkdir(join(bench.folder, '.github'));
      await writeFile(
        join(bench.folder, '.github/build-cache.yaml'),
        `baseImage: ${registry.host}/base/small:1\n`,
      );
    }, 5 * MINUTES);

    afterAll(async () => {
      await bench?.close();
      await registry?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test(
      'programs and scripts with long first lines run by name in the container of the requested package',
      async () => {
        await markOtherArchitecture('trial-app-latest');
        const output = await publish(
          ['manual', '--specs', 'trial-app trial-script', '--container', 'true'],
          'first',
        );
        expect(output).toMatch(/2 containers added, 0 not published/);
        const app = await unpack('trial-app-1.2');
        expect(app.env).toContainEqual(expect.stringMatching(/^TRIAL_WORD=.*\/share\/word\.txt$/));
        expect(await runInside(app.root, 'trial-app', [], app.env)).toBe('1.2 hello\n');
        const script = await unpack('trial-script-latest');
        expect(await runInside(script.root, 'trial-script', ['x'], script.env)).toMatch(
          /^read \/.{127,}\/bin\/trial-script with 2 arguments\n$/,
        );
        // Only requested packages have a container, not their dependencies.
        expect(await tags()).toEqual(
          expect.arrayContaining(['trial-app-01234567', 'trial-app-1.2', 'trial-app-latest']),
        );
        expect((await tags()).filter((tag) => /^trial-base-.*(?<!\.spack)$/.test(tag))).toEqual([]);
        const kept = (await readIndex('trial-app-latest')).manifests.map(({ platform }) => platform);
        expect(kept).toEqual([OWN, OTHER].sort((a, b) => (a.architecture < b.architecture ? -1 : 1)));
      },
      10 * MINUTES,
    );

    test(
      'an existing container is not made again, and a cached build gets one without being rebuilt',
      async () => {
        const again = await bench.solve(['manual', '--specs', 'trial-app', '--container', 'true'], 'again');
        expect(again.matrix.include).toEqual([]);
        // It was built because trial-app needs it.
        const container = await publish(['manual', '--specs', 'trial-tool', '--container', 'true'], 'later');
        expect(container).toMatch(/0 builds and 1 containers added/);
        const { root, env } = await unpack('trial-tool-2.0');
        expect(await runInside(root, 'trial-tool', [], env)).toBe('tool\n');
      },
      10 * MINUTES,
    );

    test(
      "an environment's container has its view",
      async () => {
        await mkdir(join(bench.folder, 'catalog/environments'), { recursive: true });
        await writeFile(
          join(bench.folder, 'catalog/environments/stack.yaml'),
          'spack:\n  specs: [trial-app, trial-script]\n  view: false\n  concretizer: { unify: true }\n',
        );
        const output = await publish(
          ['environment', '--environment', 'stack', '--target', TARGET, '--container', 'true'],
          'stack',
        );
        expect(output).toMatch(/1 containers added, 0 not published/);
        const { root, env } = await unpack('env-stack');
        const path = env.find((one) => one.startsWith('PATH='));
        expect(path).toMatch(/^PATH=[^:]*\/view\/stack\/bin:/);
        expect(await runInside(root, 'trial-app', [], env)).toBe('1.2 hello\n');
        expect(await runInside(root, 'trial-script', [], env)).toMatch(/with 1 arguments/);
      },
      10 * MINUTES,
    );

    test(
      'an environment without a possible view says why, and not to re-run the job',
      async () => {
        await writeFile(
          join(bench.folder, 'catalog/environments/twice.yaml'),
          'spack:\n  specs: [trial-app@1.1, trial-app@1.2]\n  concretizer: { unify: false }\n',
        );
        const { received } = await receive(
          ['environment', '--environment', 'twice', '--target', TARGET, '--container', 'true'],
          'twice',
        );
        expect(received.code).toBe(1);
        expect(received.output).toMatch(
          /container env-twice: its view cannot be created: trial-app@1\.\d\/\w{7} and trial-app@1\.\d\/\w{7} have the same path in it; change the environment/,
        );
        expect(received.output).not.toMatch(/run this job again|see the log/);
      },
      10 * MINUTES,
    );

    test(
      'a spliced program runs in the container of its environment, with what replaced its dependency',
      async () => {
        const folder = join(bench.folder, 'catalog/environments');
        await mkdir(folder, { recursive: true });
        const write = (name: string, yaml: string) => writeFile(join(folder, `${name}.yaml`), yaml);
        await write('words', 'spack:\n  specs: [splice-word@2.0]\n');
        await publish(['environment', '--environment', 'words', '--target', TARGET], 'words');
        await mkdir(join(bench.folder, 'dist'), { recursive: true });
        await writeFile(join(bench.folder, 'dist/index.html'), '');
        const mirrored = await bench.run('mirror', ['--dist', 'dist']);
        expect(mirrored.code, mirrored.output).toBe(0);
        const { roots } = await bench.readJson('catalog/environments/words.lock.json', LockFile);
        const splice = `[{target: splice-word, replacement: splice-word/${roots[0]?.hash}, transitive: false}]`;
        await write(
          'spliced',
          `spack:\n  specs: [splice-app ^splice-word@1.0]\n  concretizer: {splice: {explicit: ${splice}}}\n`,
        );
        const chosen = ['environment', '--environment', 'spliced', '--target', TARGET, '--container', 'true'];
        expect(await publish(chosen, 'spliced')).toMatch(/1 containers added, 0 not published/);
        const { root, env } = await unpack('env-spliced');
        // The small base has no cat.
        const script = 'cat() { read -r line < "$1"; echo "$line"; }; . "$(command -v splice-app)"';
        expect(await runInside(root, 'sh', ['-c', script], env)).toBe('the word of 2.0\n');
      },
      10 * MINUTES,
    );

    test(
      'an unusable base image does not affect the builds, and the error says what to do',
      async () => {
        await writeFile(
          join(bench.folder, '.github/build-cache.yaml'),
          `baseImage: ${registry.host}/base/none:1\n`,
        );
        const { outcome, received } = await receive(
          ['manual', '--specs', 'trial-app@1.1', '--container', 'true'],
          'broken',
        );
        expect(outcome.output).toBeTruthy();
        expect(received.code).toBe(1);
        expect(received.output).toMatch(/\d builds and 0 containers added, 1 not published/);
        expect(received.output).toMatch(
          /container trial-app-1\.1: base image .*\/base\/none:1: .* has no 1; correct baseImage in the settings/,
        );
        const builds = await readdir(join(bench.folder, 'catalog/builds/trial-app'));
        expect(builds.filter((name) => name.startsWith('trial-app-1.1'))).not.toHaveLength(0);
      },
      10 * MINUTES,
    );

    async function publish(chosen: string[], name: string): Promise<string> {
      const { received } = await receive(chosen, name);
      expect(received.code, received.output).toBe(0);
      return received.output;
    }

    async function receive(chosen: string[], name: string) {
      const { matrix, outcome } = await bench.solve(chosen, `${name}-plans`);
      for (const { index } of matrix.include) {
        await bench.build(`${name}-plans/${index}`, `${name}-artifacts/build-${index}-1`);
      }
      const received = await bench.run('receive', [
        ...['--plans', `${name}-plans`, '--artifacts', `${name}-artifacts`],
        ...['--matrix', JSON.stringify(matrix), '--subjects', `${name}-subjects`],
      ]);
      return { outcome, received };
    }

    /** Adds an image for another architecture to a tag, as the runner of that architecture would. */
    async function markOtherArchitecture(tag: string): Promise<void> {
      const base = openRegistry(`http://${registry.host}/base/small`);
      const small = await base.readText('1');
      const [image] = ImageIndex.parse(JSON.parse(small?.text ?? '')).manifests;
      if (!image) throw new Error('no base');
      const found = await base.readManifest(image.digest);
      if (!found) throw new Error('no manifest');
      const layout = await createLayout(join(folder, 'other'));
      for (const blob of [found.manifest.config, ...found.manifest.layers]) {
        await layout.addBytes(await base.readBlob(blob));
      }
      const copied = await layout.addBytes(found.text);
      await layout.addTag(tag, addToIndex(undefined, copied, OTHER));
      layout.close();
      await openRegistry(repository).push(layout.dir);
    }

    async function readIndex(tag: string): Promise<ImageIndex> {
      return ImageIndex.parse(JSON.parse(await oras('manifest', 'fetch', `${repository}:${tag}`)));
    }

    async function tags(): Promise<string[]> {
      return (await oras('repo', 'tags', repository)).trim().split('\n');
    }

    /** Fetches an image like a container runtime, and unpacks its layers in order. */
    async function unpack(tag: string): Promise<{ root: string; env: string[] }> {
      const reference = `${repository}:${tag}`;
      const platform = ['--platform', `${OWN.os}/${OWN.architecture}`];
      const { layers } = ImageManifest.parse(
        JSON.parse(await oras('manifest', 'fetch', ...platform, reference)),
      );
      const config = Config.parse(JSON.parse(await oras('manifest', 'fetch-config', ...platform, reference)));
      expect(config.rootfs.diff_ids).toHaveLength(layers.length);
      const root = join(folder, tag);
      await mkdir(root);
      for (const [index, { digest }] of layers.entries()) {
        const file = join(folder, `${tag}-${index}.tar.gz`);
        await oras('blob', 'fetch', '--output', file, `${repository}@${digest}`);
        const { createHash } = await import('node:crypto');
        const { gunzipSync } = await import('node:zlib');
        const tar = gunzipSync(await readFile(file));
        expect(`sha256:${createHash('sha256').update(tar).digest('hex')}`).toBe(
          config.rootfs.diff_ids[index],
        );
        await expectRun('tar', ['-xzf', file, '-C', root]);
      }
      return { root, env: config.config.Env };
    }

    function oras(...words: string[]): Promise<string> {
      return expectRun('oras', [...words.slice(0, 2), '--plain-http', ...words.slice(2)]);
    }
  },
);
