import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import glob from 'fast-glob';
import { MAX_LOG_LINE_LENGTH, MAX_LOG_LINES } from '../../site/schemas/build-record.ts';
import type { DagHash } from '../../site/schemas/digest.ts';

/** What a build left where it worked. */
export interface StageLog {
  /** The phase that it came to; absent when it came to none. */
  phase?: string;
  /** The last lines of that phase's log. */
  lines: string[];
  /** When that was last written, in milliseconds since 1970. */
  written: number;
}

/** Finds the stages that failed builds leave behind: `spack-stage-<name>-<version>-<hash>`, by hash. */
export async function readStageLogs(stageFolder: string): Promise<Map<DagHash, StageLog>> {
  const stages = await glob('**/spack-stage-*', {
    cwd: stageFolder,
    deep: 2,
    onlyDirectories: true,
    followSymbolicLinks: false,
  });
  const logs = new Map<DagHash, StageLog>();
  for (const stage of stages) {
    const hash = /-([a-z2-7]{32})$/.exec(stage)?.[1];
    if (hash !== undefined) logs.set(hash, await readStage(join(stageFolder, stage)));
  }
  return logs;
}

async function readStage(folder: string): Promise<StageLog> {
  // Numbered in the order of the phases: spack-build-01-cmake-out.txt.
  const files = await glob('spack-build-[0-9][0-9]-*-out.txt', {
    cwd: folder,
    onlyFiles: true,
    followSymbolicLinks: false,
  });
  const last = files.sort().at(-1);
  if (last === undefined) return { lines: [], written: 0 };
  const phase = /^spack-build-\d\d-(.+)-out\.txt$/.exec(last)?.[1];
  return {
    ...(phase === undefined ? {} : { phase }),
    lines: readLastLines(join(folder, last)),
    written: lstatSync(join(folder, last)).mtimeMs,
  };
}

/** The last lines of a file, cut to what a record takes. */
export function readLastLines(path: string): string[] {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const length = Math.min(size, MAX_LOG_LINES * MAX_LOG_LINE_LENGTH);
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, size - length);
    return cutLines(bytes.toString('utf8'));
  } finally {
    closeSync(file);
  }
}

/** The last lines of a text, without colours, cut to what a record takes. */
export function cutLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .trimEnd()
    .split(/\r?\n/)
    .slice(-MAX_LOG_LINES)
    .map((line) => line.slice(0, MAX_LOG_LINE_LENGTH));
}
