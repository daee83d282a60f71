import { lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BuildRecord, MAX_RECORD_BYTES } from '../../site/schemas/build-record.ts';
import { listNames, withTemporaryFolder } from '../cli/files.ts';
import { downloadRunArtifact, listRunArtifacts, unpackZip } from '../github/run-artifacts.ts';
import { BadArchiveError } from '../github/errors.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { parseJson } from '../../site/lib/json.ts';

/** File name of an environment's view, next to the record. */
export const VIEW_ARCHIVE = 'view.tar.gz';

/** Limits of one artifact: its zip and its unpacked files share a runner's disk of about 14 GB. */
const LIMITS = { files: 200_000, bytes: 16 * 2 ** 30 };

/** Artifacts of a run's build jobs, `build-<index>-<attempt>`, used one at a time to save disk space. */
export interface BuildArtifacts {
  /**
   * Runs `work` with the artifact of a job's latest attempt: a folder that may be deleted afterwards, or
   * undefined when the job uploaded none. Throws `BadArchiveError` if it is not an archive of plain files.
   */
  use<T>(index: number, work: (folder: string | undefined) => Promise<T>): Promise<T>;
}

/**
 * Opens artifacts on this machine, one folder per artifact.
 * @param attempt the run's current attempt: an artifact of a later one is forged
 */
export function openArtifactFolder(directory: string, attempt = Infinity): BuildArtifacts {
  return {
    use: (index, work) => {
      const [latest] = latestFirst(
        listNames(directory).map((name) => ({ name })),
        index,
        attempt,
      );
      return work(latest && join(directory, latest.name));
    },
  };
}

/**
 * Opens artifacts of the current workflow run through GitHub's API. Of two with the same name (a later
 * attempt can reuse a name) the older one is used: its name has its attempt.
 */
export async function openRunArtifacts(environment: ProcessEnvironment): Promise<BuildArtifacts> {
  const attempt = Number(environment['GITHUB_RUN_ATTEMPT'] || Infinity);
  let listed = await listRunArtifacts(environment);
  let isListedAgain = false;
  return {
    use: async (index, work) => {
      let [latest] = latestFirst(listed, index, attempt);
      // GitHub may list an artifact only some time after its upload.
      if (!latest && !isListedAgain) {
        isListedAgain = true;
        listed = await listRunArtifacts(environment);
        [latest] = latestFirst(listed, index, attempt);
      }
      if (!latest) return work(undefined);
      if (latest.size_in_bytes > LIMITS.bytes) {
        throw new BadArchiveError(
          `artifact ${latest.name}: expected at most ${LIMITS.bytes} bytes, found ${latest.size_in_bytes}`,
        );
      }
      return withTemporaryFolder(async (temporary) => {
        const zip = join(temporary, 'artifact.zip');
        const folder = join(temporary, 'artifact');
        await downloadRunArtifact(latest, zip, environment);
        mkdirSync(folder);
        await unpackZip(zip, folder, LIMITS);
        rmSync(zip);
        return work(folder);
      });
    },
  };
}

/** Opens the artifacts in a folder (default: those of the current workflow run). */
export function openArtifacts(
  directory: string | undefined,
  environment: ProcessEnvironment,
): Promise<BuildArtifacts> | BuildArtifacts {
  const { GITHUB_RUN_ATTEMPT, GITHUB_RUN_ID } = environment;
  if (directory) return openArtifactFolder(directory, Number(GITHUB_RUN_ATTEMPT || Infinity));
  if (GITHUB_RUN_ID) return openRunArtifacts(environment);
  throw new Error('expected --artifacts DIR: only a workflow run can take them from GitHub');
}

/** Artifacts of one job, latest attempt first. Names must match exactly: `build-01-1` belongs to no job. */
function latestFirst<T extends { name: string }>(all: readonly T[], index: number, attempt: number): T[] {
  return all
    .flatMap((artifact) => {
      const [, ofIndex, ofAttempt] = /^build-(0|[1-9]\d{0,2})-([1-9]\d{0,3})$/.exec(artifact.name) ?? [];
      const isTheirs = ofIndex === String(index) && Number(ofAttempt) <= attempt;
      return isTheirs ? [{ artifact, attempt: Number(ofAttempt) }] : [];
    })
    .sort((a, b) => b.attempt - a.attempt)
    .map(({ artifact }) => artifact);
}

/**
 * Returns the build cache in an artifact; undefined when nothing was built, since artifacts have no empty
 * folders. Throws when it is a link, which could lead to other artifacts.
 */
export function findCache(artifact: string): string | undefined {
  const folder = join(artifact, 'cache');
  const entry = lstatSync(folder, { throwIfNoEntry: false });
  if (!entry || entry.isDirectory()) return entry && folder;
  throw new Error(`${folder}: expected a folder, found something else`);
}

/** Reads the untrusted record that a build job uploaded. */
export function readRecord(artifact: string): BuildRecord {
  const file = join(artifact, 'record.json');
  const entry = lstatSync(file, { throwIfNoEntry: false });
  if (!entry?.isFile())
    throw new Error(`${file}: expected a file, found ${entry ? 'something else' : 'nothing'}`);
  if (entry.size > MAX_RECORD_BYTES) {
    throw new Error(`${file}: expected at most ${MAX_RECORD_BYTES} bytes, found ${entry.size}`);
  }
  const source = { where: file, expected: "a build's record", advice: 'build it again', isForeign: true };
  return parseJson(readFileSync(file, 'utf8'), BuildRecord, source);
}
