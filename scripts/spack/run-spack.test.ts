import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askSpack, runSpack, type Spack } from './run-spack.ts';
import { createSpackHome } from './spack-home.ts';

/** A substitute for Spack: this tests only how programs are run. */
function makeProgram(script: string, environment: Record<string, string> = {}): Spack {
  const program = join(mkdtempSync(join(tmpdir(), 'run-')), 'program');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return { program, environment: { PATH: '/usr/bin:/bin', ...environment } };
}

test('keeps both streams, the exit code, and passes arguments unchanged', async () => {
  const spack = makeProgram('echo "$1"; echo oops >&2; exit 3');
  const outcome = await runSpack(spack, ['a $(id) b']);
  expect(outcome).toMatchObject({ code: 3, stdout: 'a $(id) b\n', timedOut: false });
  expect(outcome.output).toContain('oops');
  await expect(askSpack(spack, ['find', 'x'])).rejects.toThrow(/spack find x ended with 3: .*oops/);
});

test('stops all processes of a program at the time limit', async () => {
  // The limit comes when the program has begun, however long that takes.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  onTestFinished(() => void vi.useRealTimers());
  const spack = makeProgram('sleep 3600 & echo begun $!; wait');
  const outcome = await runSpack(spack, [], {
    timeLimitMs: 3_600_000,
    onText: () => vi.advanceTimersByTime(3_600_000),
  });
  expect(outcome.timedOut).toBe(true);
  const [, child = ''] = /^begun (\d+)$/m.exec(outcome.stdout) ?? [];
  expect(child).not.toBe('');
  // A shell's background program ignores an interrupt; an ended process may still be a zombie.
  const stateOf = () => spawnSync('ps', ['-o', 'stat=', '-p', child], { encoding: 'utf8' }).stdout.trim();
  await expect.poll(stateOf, { timeout: 60_000 }).toMatch(/^(Z.*)?$/);
});

test('accepts no result after this process was told to stop', async () => {
  // When tests run in the background, the programs that they start ignore the interrupt.
  const running = runSpack(makeProgram('echo begun; sleep 2'), [], {
    onText: () => process.emit('SIGTERM', 'SIGTERM'),
  });
  await expect(running).rejects.toThrow('stopped by SIGTERM');
});

test('passes to a program only the variables of the job that it needs', async () => {
  const home = join(mkdtempSync(join(tmpdir(), 'home-')), 'solve');
  const environment = createSpackHome(
    home,
    {
      installRoot: '/opt/software',
      paddedLength: 128,
      microarchitecture: 'x86_64_v3',
      repositories: {},
      mirrors: { 'this-cache': { url: 'https://example.org', signed: true } },
    },
    {
      PATH: '/usr/bin:/bin',
      GITHUB_TOKEN: 'secret',
      GITHUB_ENV: '/x',
      ACTIONS_RUNTIME_TOKEN: 'y',
      https_proxy: 'http://p',
    },
  );
  const { stdout } = await runSpack(makeProgram('env', environment), []);
  expect(stdout).not.toMatch(/secret|GITHUB|ACTIONS/);
  expect(stdout).toContain('https_proxy=http://p');
  expect(stdout).toContain(`SPACK_USER_CONFIG_PATH=${home}/config`);
  const config: unknown = JSON.parse(readFileSync(join(home, 'config/config.yaml'), 'utf8'));
  expect(config).toMatchObject({ config: { install_tree: { root: '/opt/software', padded_length: 128 } } });
  const packages: unknown = JSON.parse(readFileSync(join(home, 'config/packages.yaml'), 'utf8'));
  expect(packages).toEqual({
    packages: { all: { require: ['target=x86_64_v3'], target: ['x86_64_v3'] } },
  });
});
