import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKey } from '../../scripts/signing/key.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { Build } from '../../site/schemas/build.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { expectRun } from '../e2e/root-folder.ts';
import { runProgram } from '../world/run.ts';
import { findSolvers } from '../world/spack.ts';
import { openRehearsal, type Rehearsal } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, readCatalogFile, RECIPES, RECORDED_SPECS } from './setting.ts';

/** Runs without a real Spack, which is better, or in the full tests. */
const isRecorded = findSolvers().length === 0 || process.env['FULL'] === '1';
let rehearsal: Rehearsal;

beforeAll(async () => {
  if (!isRecorded) return;
  rehearsal = await openRehearsal({
    repository: 'Some-Owner/Cache',
    settings: 'targets:\n  - { name: x86_64_v3, runner: ubuntu-24.04 }\n',
    spack: 'recorded',
  });
});

afterAll(() => rehearsal?.close());

test.runIf(isRecorded)(
  'with a recorded Spack: typed specs are built and, in a second attempt, published, signed and deployed (but not installed)',
  async () => {
    const { privateKey } = await makeKey({ name: 'Rehearsal', date: new Date() });
    const event = {
      name: 'workflow_dispatch' as const,
      inputs: { specs: RECORDED_SPECS, own: RECIPES, deploy: true },
      secrets: { SIGNING_KEY: privateKey },
      env: BUILD_HERE,
    };
    // Without GitHub's list of artifacts nothing is published, and "Re-run failed jobs" makes up for it.
    rehearsal.hasArtifactsApi = false;
    const broken = await rehearsal.run('manual', event);
    rehearsal.hasArtifactsApi = true;
    expect(broken.code).not.toBe(0);
    expect(broken.output).toMatch(/GitHub failed \(503\): Service Unavailable; run it again later/);
    const attempt = { run: broken.id, number: 2, isOfFailed: true };
    expectSuccess(await rehearsal.run('manual', { ...event, attempt }));
    const tool = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-tool/')));
    expect(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-base/'))).toMatchObject({
      name: 'trial-base',
    });
    const failure = Failure.parse(JSON.parse(readCatalogFile(rehearsal, 'failures/fails-configure/')));
    expect(failure).toMatchObject({ kind: 'configure', phase: 'configure', target: 'x86_64_v3' });
    expect(failure.log.join('\n')).toContain('configure: error: libfoo is missing');

    const { siteUrl } = rehearsal;
    const manifest = await rehearsal.fetch(
      `${siteUrl}/v3/manifests/spec/trial-tool/trial-tool-2.0-${tool.hash}.spec.manifest.json`,
    );
    expect(await manifest.text()).toMatch(/^-----BEGIN PGP SIGNED MESSAGE-----/);
    const tarball = await rehearsal.fetch(`${siteUrl}/${mirrorBlobPath(tool.tarball.digest)}`);
    const folder = mkdtempSync(join(tmpdir(), 'recorded-'));
    try {
      writeFileSync(join(folder, 'tool.tar.gz'), Buffer.from(await tarball.arrayBuffer()));
      await expectRun('tar', ['-xzf', join(folder, 'tool.tar.gz'), '-C', folder]);
      const program = join(folder, tool.contents.prefix, 'bin/trial-tool');
      expect(await expectRun(program, [])).toBe('tool\n');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    expect(readFileSync(join(rehearsal.folder, 'attested.txt'), 'utf8')).toContain(tool.image.tag);
  },
);

test('the recorded Spack fails for commands that were not recorded', async () => {
  const program = join(import.meta.dirname, 'recorded-spack/bin/spack');
  const { code, output } = await runProgram(program, ['install', 'zlib'], process.env);
  expect(code).toBe(99);
  expect(output).toMatch(/does not know "install zlib"/);
});
