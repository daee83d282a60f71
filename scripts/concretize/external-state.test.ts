import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findSolvers, openSpack } from '../../tests/world/spack.ts';
import { askForExternals, externalKey } from './environment-packages.ts';

/** An external without a recipe. */
const NOWHERE = 'py-no-such-thing@1.0';

const spacks = process.env['FULL'] ? findSolvers() : [];

test('does not run Spack for an environment without externals', async () => {
  expect(await askForExternals({ program: '/no/such/spack', environment: {} }, [])).toEqual(new Map());
});

test.each(spacks)(
  'Spack $version reports which externals exist, in which version',
  async (spack) => {
    const home = await openSpack(spack, ['tar', 'py-idna']);
    onTestFinished(home.close);
    const PATH = process.env['PATH'] ?? '';
    const environment = { PATH, HOME: home.store, SPACK_USER_CONFIG_PATH: home.config };
    const externals = ['tar', 'tar@=0.1', NOWHERE, 'no-such-package@1', 'not a spec ^^'].map((spec) => ({
      ...{ spec, prefix: '/usr' },
    }));
    const states = await askForExternals({ program: spack.program, environment }, externals);
    const found = externals.map((external) => states.get(externalKey(external)) ?? '');
    expect(found).toEqual(['here', expect.stringMatching(/^\d+\.\d+/), 'unknown', 'unknown', 'unknown']);
    const prefix = mkdtempSync(join(tmpdir(), 'prefix-'));
    onTestFinished(() => rmSync(prefix, { recursive: true }));
    mkdirSync(join(prefix, 'bin'));
    const distribution = { spec: 'py-idna@3.4', prefix };
    const ask = async (version: string) => {
      writeFileSync(join(prefix, 'bin/python3'), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 });
      const answer = await askForExternals({ program: spack.program, environment }, [distribution]);
      return answer.get(externalKey(distribution));
    };
    expect(await ask('3.4+ubuntu1')).toBe('here');
    expect(await ask('3.3+ubuntu1')).toBe('3.3');
    expect(await ask('1!3.4')).toBe('unknown');
  },
  10 * 60_000,
);
