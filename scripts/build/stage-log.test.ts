import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MAX_LOG_LINE_LENGTH } from '../../site/schemas/build-record.ts';
import { readStageLogs } from './stage-log.ts';

const HASH = 'ousjwvltribv7xgxmy4xfmzeisbgi325';

function makeStage(): { root: string; stage: string } {
  const root = mkdtempSync(join(tmpdir(), 'stage-'));
  const stage = join(root, 'user', `spack-stage-a-1.0-${HASH}`);
  mkdirSync(stage, { recursive: true });
  return { root, stage };
}

test('reads the last lines of the phase that began', async () => {
  const { root, stage } = makeStage();
  writeFileSync(join(stage, 'spack-build-01-cmake-out.txt'), 'fine\n');
  const lines = Array.from({ length: 900 }, (_, index) => `\x1b[31mline ${index}\x1b[0m`);
  writeFileSync(join(stage, 'spack-build-02-build-out.txt'), `${lines.join('\n')}\n`);
  const log = (await readStageLogs(root)).get(HASH);
  expect(log?.phase).toBe('build');
  expect(log?.lines).toHaveLength(500);
  expect([log?.lines[0], log?.lines[499]]).toEqual(['line 400', 'line 899']);
});

test('cuts endless lines and reads no more than the end of a huge log', async () => {
  const { root, stage } = makeStage();
  writeFileSync(join(stage, 'spack-build-01-build-out.txt'), 'x'.repeat(5_000_000));
  const log = (await readStageLogs(root)).get(HASH);
  expect(log?.lines).toEqual(['x'.repeat(MAX_LOG_LINE_LENGTH)]);
});

test('does not follow a link that a build put in place of its log', async () => {
  const { root, stage } = makeStage();
  symlinkSync('/etc/hostname', join(stage, 'spack-build-01-build-out.txt'));
  expect((await readStageLogs(root)).get(HASH)).toEqual({ lines: [], written: 0 });
});

test('recognizes a build without any phase, and treats a missing folder as empty', async () => {
  const { root } = makeStage();
  expect((await readStageLogs(root)).get(HASH)).toEqual({ lines: [], written: 0 });
  expect((await readStageLogs(join(root, 'none'))).size).toBe(0);
});

test("reads the new installer's logs, without Spack's own traceback at the end", async () => {
  const { root, stage } = makeStage();
  const traceback = [
    'Traceback (most recent call last):',
    '  File "/spack/lib/spack/spack/new_installer.py", line 370, in worker_function',
    'spack.util.executable.ProcessError: Command exited with status 2:',
  ];
  const log = [
    'Traceback (most recent call last):',
    '  File "setup.py", line 1',
    'ImportError: x',
    ...traceback,
  ];
  const file = join(root, 'user', `spack-stage-a-${HASH}-k2j4.log`);
  writeFileSync(file, log.join('\n'));
  symlinkSync(file, join(stage, 'spack-build-out.txt'));
  expect((await readStageLogs(root)).get(HASH)?.lines).toEqual(log.slice(0, 3));
});

test('finds the log of all phases inside a stage, where Spack 1.1 writes it', async () => {
  const { root, stage } = makeStage();
  writeFileSync(join(stage, 'spack-build-out.txt'), 'one\ntwo\n');
  expect((await readStageLogs(root)).get(HASH)?.lines).toEqual(['one', 'two']);
});
