import { setTimeout as sleep } from 'node:timers/promises';
import { basename } from 'node:path';
import { createCommit, readFiles, readHead, type Commit } from './branch.ts';
import { nameBlob, type Change, type LocalChanges, reconcile, partOf, unitOf } from './changes.ts';
import type { GitHub } from '../github/api.ts';
import { addMonthCounts } from './month-counts.ts';
import { explainRule } from './rule-advice.ts';
import { BusyError, RuleError, StaleHeadError } from '../github/errors.ts';
import { formatNumber } from '../../site/lib/format.ts';
import { pace } from '../http/retry.ts';

/**
 * Tries before giving up because others keep committing in between: eight publishers at once need about
 * eight.
 */
const MAX_TRIES = 40;
/** Longest wait after such a try, multiplied by the number of tries so far, at most five. */
const WAIT_S = 0.4;

/**
 * Number of consecutive commits without an answer before giving up. The last of them is a 64th of the first.
 */
const MAX_FAILURES = 6;

/** Outcome of committing changes. */
export interface Committed {
  /** In order; empty when there was nothing to commit. */
  commits: Commit[];
  /** Number of files committed, each counted once, including commits whose answer was lost. */
  files: number;
  /** Changes in conflict with an earlier commit by another run; the branch keeps that commit's files. */
  lost: Change[];
  /** The branch's head afterwards. */
  head: string;
}

/**
 * Commits changes to a branch, as GitHub's own verified commits, without overwriting anybody's: each try
 * reads the head and drops changes that are already there. Several runs can do so at once. Nothing is
 * committed when nothing is left. Each commit also raises the counts of the months in which its builds and
 * failures happened.
 * @param onCommit called after each commit with the number of files so far, since a later commit may fail
 */
export async function commitFiles(
  github: GitHub,
  branch: string,
  local: LocalChanges,
  message: { headline: string; body: string },
  onCommit: (files: number) => void = () => undefined,
): Promise<Committed> {
  const result: Committed = { commits: [], files: 0, lost: [], head: local.head };
  const committed = new Set<string>();
  const count = (changes: readonly Change[]): void => {
    for (const { path } of changes) committed.add(path);
    result.files = committed.size;
    if (changes.length > 0) onCommit(result.files);
  };
  /** Files of commits without an answer: the branch shows whether those commits exist. */
  const inDoubt = new Map<string, Change>();
  const failures = { busy: 0, stale: 0 };
  let limits: BatchLimits = {};
  let pending = local.changes;
  let head: string | undefined;
  while (pending.length > 0) {
    head ??= await readHead(github, branch);
    if (head !== result.head) {
      count(await findOurs(github, head, inDoubt));
      const { changes, lost } = await compare(github, head, pending);
      result.lost.push(...lost);
      pending = changes;
      result.head = head;
    }
    const [batch] = chunkChanges(pending, limits);
    if (!batch) break;
    const counted = await addMonthCounts(github, head, batch);
    try {
      const commit = await createCommit(github, branch, head, message, counted);
      result.commits.push(commit);
      pending = pending.filter((change) => !batch.includes(change));
      result.head = head = commit.oid;
      failures.busy = 0;
      // Commits without an answer do not exist: this commit was made on top of the head that was read.
      inDoubt.clear();
      count(counted);
    } catch (error) {
      if (error instanceof RuleError) throw await explainRule(github, branch, error);
      if (error instanceof BusyError) {
        // If GitHub has not made it, a smaller commit may succeed: GitHub aborts after ten seconds.
        for (const change of counted) inDoubt.set(change.path, change);
        limits = { maxFiles: Math.max(1, counted.length >> 1), maxBytes: Math.max(1, sizeOf(counted) >> 1) };
      }
      await waitAfter(error, failures, branch);
      head = undefined;
    }
  }
  return result;
}

/** Counts a failed try and waits before the next one. Throws when another try cannot help. */
async function waitAfter(
  error: unknown,
  failures: { busy: number; stale: number },
  branch: string,
): Promise<void> {
  const waitMs = WAIT_S * pace.secondMs;
  if (error instanceof BusyError) {
    failures.busy += 1;
    if (failures.busy > MAX_FAILURES) throw error;
    console.error(`${error.message}; checking whether the commit was made`);
    await sleep(waitMs * 2 ** failures.busy * (0.5 + Math.random()));
  } else if (error instanceof StaleHeadError) {
    failures.stale += 1;
    if (failures.stale === MAX_TRIES) {
      const message = `${branch} got other commits ${MAX_TRIES} times in a row during this one; run it again`;
      throw new Error(message, { cause: error });
    }
    await sleep(Math.random() * waitMs * Math.min(failures.stale, 5));
  } else throw error;
}

/**
 * Finds, of the commits without an answer, the files that the branch has exactly as they were sent. A commit
 * is made as a whole or not at all, so these are the committed files, except those that another run has
 * replaced since.
 */
async function findOurs(github: GitHub, head: string, inDoubt: Map<string, Change>): Promise<Change[]> {
  if (inDoubt.size === 0) return [];
  const sent = [...inDoubt.values()];
  inDoubt.clear();
  const files = await readPaths(github, head, sent);
  return sent.filter(({ path, content }) => files.get(path)?.oid === (content && nameBlob(content)));
}

function readPaths(github: GitHub, head: string, changes: readonly Change[]): ReturnType<typeof readFiles> {
  return readFiles(
    github,
    head,
    changes.map(({ path }) => path),
  );
}

async function compare(
  github: GitHub,
  head: string,
  changes: readonly Change[],
): Promise<{ changes: Change[]; lost: Change[] }> {
  const files = await readPaths(github, head, changes);
  return reconcile(changes, (path) => files.get(path)?.oid);
}

/**
 * Limit for base64 in one mutation. GitHub refuses requests of about 40 MB and aborts slow ones after 10
 * seconds.
 */
const MAX_BYTES = 8 * 2 ** 20;
/** Files in one mutation, limited for the same ten seconds. */
const MAX_FILES = 1_000;

/** Limits of one commit; a build and its manifest are never separated. */
interface BatchLimits {
  maxBytes?: number;
  maxFiles?: number;
}

/**
 * Splits changes into commits below GitHub's limits, ordered so that the catalog is consistent after each:
 * nodes, keys and the rest; then builds, each with its manifest in the same commit; then removals, builds
 * first. When the catalog changes owners, `cache.json` comes last: until then nothing looks like the new
 * owner's, so after an interruption the next run starts over.
 */
export function chunkChanges(
  changes: readonly Change[],
  { maxBytes = MAX_BYTES, maxFiles = MAX_FILES }: BatchLimits = {},
): Change[][] {
  const units = Map.groupBy(changes, ({ path }) => (partOf(path) ? `unit ${unitOf(path)}` : `path ${path}`));
  const chunks: Change[][] = [];
  let bytes = 0;
  for (const unit of [...units.values()].sort((a, b) => rankOf(a) - rankOf(b))) {
    const size = sizeOf(unit);
    const last = chunks.at(-1);
    if (last && bytes + size <= maxBytes && last.length + unit.length <= maxFiles) {
      last.push(...unit);
      bytes += size;
    } else {
      chunks.push([...unit]);
      bytes = size;
    }
  }
  return chunks;
}

function rankOf(unit: readonly Change[]): number {
  if (unit.some(({ path, base }) => base !== undefined && /(^|\/)cache\.json$/.test(path))) return 4;
  const isBuild = unit.some(({ path }) => partOf(path) !== undefined);
  if (unit.some(({ content }) => content !== undefined)) return isBuild ? 1 : 0;
  return isBuild ? 2 : 3;
}

/** Bytes of changes in a mutation, with their content in base64. */
function sizeOf(changes: readonly Change[]): number {
  return changes.reduce(
    (sum, { path, content }) => sum + path.length + Math.ceil((content?.length ?? 0) / 3) * 4,
    0,
  );
}

/** Number of names in the first line of a commit's message. */
const MAX_NAMES = 3;

/** The commit message for changes: one line about their content, and below it the run that they come from. */
export function describeChanges(
  changes: readonly Change[],
  run: string | undefined,
): { headline: string; body: string } {
  const builds = changes.filter(({ path, content }) => content && partOf(path) === 'build');
  const gone = changes.filter(({ path, content }) => !content && partOf(path) === 'build');
  const failures = changes.filter(({ path, content }) => content && /(^|\/)failures\//.test(path));
  const parts = [
    ...(builds.length > 0 ? [`add ${formatNumber(builds.length, 'build')} (${nameFirst(builds)})`] : []),
    ...(failures.length > 0 ? [`record ${formatNumber(failures.length, 'failure')}`] : []),
    ...(gone.length > 0 ? [`remove ${formatNumber(gone.length, 'build')}`] : []),
  ];
  const headline = parts.join(', ') || `update ${formatNumber(changes.length, 'file')} of the catalog`;
  return {
    headline: headline.charAt(0).toUpperCase() + headline.slice(1),
    body: run ? `Built by ${run}` : '',
  };
}

function nameFirst(builds: readonly Change[]): string {
  const names = builds
    .slice(0, MAX_NAMES)
    .map(({ path }) => basename(path, '.json').replace(/-[a-z2-7]{32}$/, ''));
  return builds.length > MAX_NAMES ? `${names.join(', ')} …` : names.join(', ');
}
