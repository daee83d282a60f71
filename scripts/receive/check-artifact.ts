import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BuildRecord } from '../../site/schemas/build-record.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { readBuildCache } from '../build-cache/build-cache.ts';
import { describeError } from '../cli/command.ts';
import { listSpecFiles } from '../publish/name-collisions.ts';
import { checkTarballs } from '../publish/publish-cache.ts';
import type { CheckedEntry } from '../publish/resolve.ts';
import { findCache, readRecord } from './build-artifact.ts';

/** An artifact to check, with its permitted contents. */
export interface ArtifactToCheck {
  folder: string;
  /** Hashes that its job had to build. */
  hashes: ReadonlySet<DagHash>;
  /** Text of each node in the plan's lock. */
  texts: ReadonlyMap<DagHash, string>;
  catalogDirectory: string;
}

export type CheckedArtifact = { entries: CheckedEntry[]; record: BuildRecord } | { refused: string };

/** Limits of one check. Tests lower them. */
export interface CheckLimits {
  /** Limit of the JavaScript heap; files are read in chunks. */
  memoryMiB: number;
  milliseconds: number;
}

/** The largest real artifacts take a few hundred MiB and a few minutes. */
const LIMITS: CheckLimits = { memoryMiB: 2_048, milliseconds: 20 * 60_000 };

/**
 * Checks an artifact in a separate process without this process's secrets, so that a malicious artifact
 * affects only its own builds. Never throws because of its contents.
 */
export async function checkArtifact(
  artifact: ArtifactToCheck,
  { memoryMiB, milliseconds } = LIMITS,
): Promise<CheckedArtifact> {
  const child = fork(fileURLToPath(import.meta.url), {
    execArgv: [`--max-old-space-size=${memoryMiB}`],
    // Transfers maps and sets unchanged.
    serialization: 'advanced',
    env: {
      PATH: process.env['PATH'] ?? '',
      // Set by tests, which start hundreds of checks with trusted input.
      ...(process.env['NODE_COMPILE_CACHE'] && { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] }),
    },
    timeout: milliseconds,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    let answer: CheckedArtifact | undefined;
    child.once('message', (message) => {
      answer = message as CheckedArtifact;
    });
    child.once('error', reject);
    // An answer may arrive after the exit, but not after this.
    child.once('close', (code, signal) => {
      if (answer) resolve(answer);
      else if (child.killed)
        resolve({
          refused: `expected an artifact that can be checked within ${milliseconds / 60_000} minutes`,
        });
      else {
        const end = signal ?? `exit code ${code ?? 'unknown'}`;
        resolve({
          refused: `expected an artifact that can be checked within ${memoryMiB} MiB of memory, found one that ended the check (${end})`,
        });
      }
    });
    child.send(artifact);
  });
}

/** The check itself, run in the separate process. */
async function check(artifact: ArtifactToCheck): Promise<CheckedArtifact> {
  const { folder, hashes, texts, catalogDirectory } = artifact;
  try {
    const record = readRecord(folder);
    const cache = findCache(folder);
    const entries = cache === undefined ? [] : await readBuildCache(cache, { allowed: hashes, lock: texts });
    return { entries: await checkTarballs(entries, listSpecFiles(catalogDirectory)), record };
  } catch (error) {
    return { refused: describeError(error) };
  }
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once('message', (artifact) => {
    void check(artifact as ArtifactToCheck).then((checked) => {
      process.send?.(checked, () => process.disconnect());
    });
  });
}
