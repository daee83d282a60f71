import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import glob from 'fast-glob';
import { MAX_LOG_LINE_LENGTH, MAX_LOG_LINES } from '../../site/schemas/build-record.ts';
import type { DagHash } from '../../site/schemas/digest.ts';

/** Log of `--test` that the old installer writes next to the logs of the phases. */
const TEST_LOG = 'install-time-test-log.txt';
/** Number of lines of a log that are searched for the error. */
const SEARCHED_LINES = 500;

/** Log that a build left in its stage. */
export interface StageLog {
  /** The last phase that began. Absent: none began, or the log covers all phases. */
  phase?: string | undefined;
  /** The last lines of that log, more than are recorded: the error may be far above the end. */
  lines: string[];
  /** Time of its last change, in milliseconds since 1970. */
  written: number;
}

/**
 * Finds the logs of builds in the folder of stages, by hash. The old installer writes one log per phase into
 * `spack-stage-<name>-<version>-<hash>/`; the new one writes a single log next to that folder as
 * `spack-stage-<name>-<hash>-<random>.log` (Spack 1.1: `spack-build-out.txt` inside it).
 */
export async function readStageLogs(stageFolder: string): Promise<Map<DagHash, StageLog>> {
  const options = { cwd: stageFolder, followSymbolicLinks: false };
  const stages = await glob('**/spack-stage-*', { ...options, deep: 2, onlyDirectories: true });
  const logs = new Map<DagHash, StageLog>();
  for (const stage of stages) {
    const hash = /-([a-z2-7]{32})$/.exec(stage)?.[1];
    if (hash !== undefined) logs.set(hash, await readStage(join(stageFolder, stage)));
  }
  const files = await glob('**/spack-stage-*.log', { ...options, deep: 2, onlyFiles: true });
  for (const file of files) {
    const hash = /-([a-z2-7]{32})-[^/]*\.log$/.exec(file)?.[1];
    if (hash === undefined) continue;
    const log = readWholeLog(join(stageFolder, file));
    if (log.written >= (logs.get(hash)?.written ?? 0)) logs.set(hash, log);
  }
  return logs;
}

async function readStage(folder: string): Promise<StageLog> {
  // The names are numbered in the order of the phases: spack-build-01-cmake-out.txt.
  const files = await glob(['spack-build-[0-9][0-9]-*-out.txt', 'spack-build-out.txt', TEST_LOG], {
    cwd: folder,
    onlyFiles: true,
    followSymbolicLinks: false,
  });
  const last = files
    .filter((file) => /^spack-build-\d\d-/.test(file))
    .sort()
    .at(-1);
  if (last === undefined)
    return files.includes('spack-build-out.txt')
      ? readWholeLog(join(folder, 'spack-build-out.txt'))
      : { lines: [], written: 0 };
  const phase = /^spack-build-\d\d-(.+)-out\.txt$/.exec(last)?.[1];
  const lines = readLastLines(join(folder, last), SEARCHED_LINES);
  const tests = files.includes(TEST_LOG) ? readLastLines(join(folder, TEST_LOG), SEARCHED_LINES) : [];
  return {
    phase,
    lines: [...lines, ...tests].slice(-SEARCHED_LINES),
    written: lstatSync(join(folder, last)).mtimeMs,
  };
}

/** A log of the new installer, without Spack's own traceback at its end, which is an event, too. */
function readWholeLog(path: string): StageLog {
  return { lines: cutTraceback(readLastLines(path, SEARCHED_LINES)), written: lstatSync(path).mtimeMs };
}

function cutTraceback(lines: string[]): string[] {
  const start = lines.findLastIndex(
    (line, index) =>
      line.startsWith('Traceback (most recent call last):') &&
      lines.slice(index + 1, index + 3).some((next) => next.includes('/new_installer.py"')),
  );
  return start < 0 ? lines : lines.slice(0, start);
}

/** The last lines of a file, each cut to the length that a record allows. */
function readLastLines(path: string, count: number): string[] {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const length = Math.min(size, MAX_LOG_LINES * MAX_LOG_LINE_LENGTH);
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, size - length);
    return cutLines(bytes.toString('utf8'), count);
  } finally {
    closeSync(file);
  }
}

/** The last lines of a text, without colours, each cut to the length that a record allows. */
export function cutLines(text: string, count = MAX_LOG_LINES): string[] {
  return stripVTControlCharacters(text)
    .trimEnd()
    .split(/\r?\n/)
    .slice(-count)
    .map((line) => line.slice(0, MAX_LOG_LINE_LENGTH));
}
