import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startRegistry, type TestRegistry } from '../world/registry.ts';
import { findProgram } from '../tools/path.ts';
import { PROGRAMS, readFixtureBuilds } from './fixture-builds.ts';
import { FIXTURES } from './made-cache.ts';
import { runScript } from '../world/run.ts';
import { copyProgram, expectRun, runInside } from './root-folder.ts';

const Manifest = z.object({
  mediaType: z.literal('application/vnd.oci.image.manifest.v1+json'),
  config: z.object({ digest: z.string() }),
  layers: z.array(z.object({ digest: z.string(), size: z.number() })).min(1),
});
const Config = z.object({
  os: z.literal('linux'),
  config: z.object({ Env: z.array(z.string()) }),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

const hasTools = ['docker-registry', 'oras'].every(findProgram);
const programs = readFixtureBuilds('cache-unsigned').filter(({ name }) => PROGRAMS[name]);

describe.skipIf(!hasTools)('images in a registry', () => {
  let registry: TestRegistry;
  let folder: string;
  let repository: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'images-'));
    registry = await startRegistry();
    repository = `${registry.host}/group/cache`;
    const where = ['--registry', `http://${repository}`, '--catalog', join(folder, 'catalog')];
    await runScript('publish', [join(FIXTURES, 'cache-unsigned'), ...where]);
  });

  afterAll(async () => {
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(programs)('oras opens the image of $name@$version/$hash, and it runs', async (build) => {
    const reference = `${repository}:${build.name}-${build.version}-${build.hash}.spack`;
    const manifest = Manifest.parse(JSON.parse(await oras(['manifest', 'fetch', reference])));
    const config = Config.parse(JSON.parse(await oras(['manifest', 'fetch-config', reference])));
    expect(config.rootfs.diff_ids).toHaveLength(manifest.layers.length);

    const root = join(folder, build.hash);
    await mkdir(root);
    for (const [position, { digest }] of manifest.layers.entries()) {
      const layer = join(folder, `${build.hash}-${position}.tar.gz`);
      await oras(['blob', 'fetch', '--output', layer, `${repository}@${digest}`]);
      await expectRun('tar', ['-xzf', layer, '-C', root]);
    }
    // A minimal base image: the system's C library and its loader, which Spack's images require.
    await copyProgram(root, findProgram('env') ?? '/usr/bin/env');
    const [path = '', ...args] = PROGRAMS[build.name]?.command ?? [];
    const output = await runInside(root, path.replace(/^bin\//, ''), args, config.config.Env);
    expect(output).toMatch(PROGRAMS[build.name]?.prints ?? /never/);
  });

  test('oras pulls files with a title, byte for byte', async () => {
    const [build] = programs;
    if (!build) throw new Error('the fixture has no program');
    const reference = `${repository}:${build.name}-${build.version}-${build.hash}.spack`;
    const target = join(folder, 'pulled');
    await oras(['pull', '--output', target, reference]);
    const manifest = z
      .object({
        layers: z.array(
          z.object({ digest: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
        ),
      })
      .parse(JSON.parse(await oras(['manifest', 'fetch', reference])));
    for (const { digest, annotations } of manifest.layers) {
      const title = annotations?.['org.opencontainers.image.title'];
      if (title === undefined) continue;
      const file = await readFile(join(target, title));
      const { createHash } = await import('node:crypto');
      expect(`sha256:${createHash('sha256').update(file).digest('hex')}`).toBe(digest);
    }
  });

  function oras([verb = '', ...rest]: string[]): Promise<string> {
    const words = ['manifest', 'blob'].includes(verb) ? [verb, rest.shift() ?? ''] : [verb];
    return expectRun('oras', [...words, '--plain-http', ...rest]);
  }
});
