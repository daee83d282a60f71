import { setTimeout as sleep } from 'node:timers/promises';
import { basename } from 'node:path';
import { createCommit, readFiles, readHead, type Commit } from './branch.ts';
import { nameBlob, type Change, type LocalChanges, reconcile, partOf, unitOf } from './changes.ts';
import type { GitHub } from '../github/api.ts';
import { addMonthCounts } from './month-counts.ts';
import { explainRule } from './rule-advice.ts';
import { BusyError, RuleError, StaleHeadError } from '../github/errors.ts';

/** Others may commit between our look and our commit that often: eight publishers at once need some eight tries. */
const MAX_TRIES = 40;
/** Longest wait after such a try, times the number of tries so far, up to five. */
const WAIT_MS = 400;

/** Commits in a row that get no answer. The last of them is a 64th of the first. */
const MAX_FAILURES = 6;

/** What became of changes. */
export interface Committed {
  /** In their order; none when there was nothing to commit. */
  commits: Commit[];
  /** Number of files in them, each counted once, and in commits that GitHub made without an answer. */
  files: number;
  /** Changes that another commit was faster with; the branch keeps the other's. */
  lost: Change[];
  /** The branch's head afterwards. */
  head: string;
}

/**
 * Puts changes on a branch, as GitHub's own verified commits, without overwriting anybody's: each try looks at the
 * head and drops what is there already. Many can do so at once. Nothing is committed when nothing is left. Each commit
 * raises the counts of the months in which its builds and failures happened.
 */
export async function commitFiles(
  github: GitHub,
  branch: string,
  local: LocalChanges,
  message: { headline: string; body: string },
  {
    waitMs = WAIT_MS,
    onCommit,
  }: {
    waitMs?: number;
    /** Is told the number of files so far after each commit: a later one may fail. */
    onCommit?: (files: number) => void;
  } = {},
): Promise<Committed> {
  const result: Committed = { commits: [], files: 0, lost: [], head: local.head };
  const committed = new Set<string>();
  const count = (changes: readonly Change[]): void => {
    for (const { path } of changes) committed.add(path);
    result.files = committed.size;
    if (changes.length > 0) onCommit?.(result.files);
  };
  /** Commits that got no answer: made or not, the branch will show. */
  const inDoubt = new Map<string, Change>();
  let limits: BatchLimits = {};
  let pending = local.changes;
  let expectedHead = local.head;
  let head: string | undefined;
  let failures = 0;
  for (let tries = 1; pending.length > 0;) {
    head ??= await readHead(github, branch);
    result.head = head;
    if (head !== expectedHead) {
      count(await findOurs(github, head, inDoubt));
      const { changes, lost } = await compare(github, head, pending);
      result.lost.push(...lost);
      pending = changes;
      expectedHead = head;
    }
    const [batch] = chunkChanges(pending, limits);
    if (!batch) break;
    const counted = await addMonthCounts(github, head, batch);
    try {
      const commit = await createCommit(github, branch, head, message, counted);
      result.commits.push(commit);
      pending = pending.filter((change) => !batch.includes(change));
      result.head = head = expectedHead = commit.oid;
      failures = 0;
      // Whatever is in doubt was not made: this commit was on top of what was looked at.
      inDoubt.clear();
      count(counted);
    } catch (error) {
      if (error instanceof RuleError) throw await explainRule(github, branch, error);
      if (error instanceof BusyError) {
        failures += 1;
        if (failures > MAX_FAILURES) throw error;
        // Where GitHub has not made it, a smaller one may go through: GitHub ends what takes it ten seconds.
        for (const change of counted) inDoubt.set(change.path, change);
        limits = { maxFiles: Math.max(1, counted.length >> 1), maxBytes: Math.max(1, sizeOf(counted) >> 1) };
        console.error(`${error.message}; checking whether the commit was made`);
        await sleep(waitMs * 2 ** failures * (0.5 + Math.random()));
      } else if (error instanceof StaleHeadError) {
        if (tries === MAX_TRIES) {
          throw new Error(
            `${branch} got other commits ${MAX_TRIES} times in a row during this one; run it again`,
            {
              cause: error,
            },
          );
        }
        await sleep(Math.random() * waitMs * Math.min(tries, 5));
        tries += 1;
      } else throw error;
      head = undefined;
    }
  }
  return result;
}

/**
 * Of the commits that got no answer: the files that the branch now has exactly as they were sent. A commit is made as
 * a whole or not at all, so what was made is among them; only what another run has replaced since is not.
 */
async function findOurs(github: GitHub, head: string, inDoubt: Map<string, Change>): Promise<Change[]> {
  if (inDoubt.size === 0) return [];
  const sent = [...inDoubt.values()];
  inDoubt.clear();
  const files = await readFiles(
    github,
    head,
    sent.map(({ path }) => path),
  );
  return sent.filter(({ path, content }) => files.get(path)?.oid === (content && nameBlob(content)));
}

async function compare(
  github: GitHub,
  head: string,
  changes: readonly Change[],
): Promise<{ changes: Change[]; lost: Change[] }> {
  const files = await readFiles(
    github,
    head,
    changes.map(({ path }) => path),
  );
  return reconcile(changes, (path) => files.get(path)?.oid);
}

/** Base64 in one mutation; GitHub refuses requests of some 40 MB and gives up on slow ones after 10 seconds. */
const MAX_BYTES = 8 * 2 ** 20;
/** Files in one mutation, for the same ten seconds. */
const MAX_FILES = 1_000;

/** What one commit may hold; a build and its manifest stay together whatever it is. */
interface BatchLimits {
  maxBytes?: number;
  maxFiles?: number;
}

/**
 * Parts changes into commits below GitHub's limits, in an order in which the catalog is whole after each: nodes,
 * keys and the rest; then builds, each with its manifest in the same commit; then what goes away, builds first.
 * Where the catalog changes hands, `cache.json` comes last: of a run that is stopped before it nothing looks like the
 * new owner's, and the next starts over.
 */
export function chunkChanges(
  changes: readonly Change[],
  { maxBytes = MAX_BYTES, maxFiles = MAX_FILES }: BatchLimits = {},
): Change[][] {
  const units = new Map<string, Change[]>();
  for (const change of changes) {
    const key = partOf(change.path) ? `unit ${unitOf(change.path)}` : `path ${change.path}`;
    const unit = units.get(key);
    if (unit) unit.push(change);
    else units.set(key, [change]);
  }
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

/** Bytes that changes take in a mutation, their content in base64. */
function sizeOf(changes: readonly Change[]): number {
  return changes.reduce(
    (sum, { path, content }) => sum + path.length + Math.ceil((content?.length ?? 0) / 3) * 4,
    0,
  );
}

/** Names in the first line of a commit's message; the rest is counted. */
const MAX_NAMES = 3;

/** Says in one line what changes bring, and below it which run they come from. */
export function describeChanges(
  changes: readonly Change[],
  run: string | undefined,
): { headline: string; body: string } {
  const builds = changes.filter(({ path, content }) => content && partOf(path) === 'build');
  const gone = changes.filter(({ path, content }) => !content && partOf(path) === 'build');
  const failures = changes.filter(({ path, content }) => content && /(^|\/)failures\//.test(path));
  const parts = [
    ...(builds.length > 0 ? [`add ${count(builds, 'build')} (${nameFirst(builds)})`] : []),
    ...(failures.length > 0 ? [`record ${count(failures, 'failure')}`] : []),
    ...(gone.length > 0 ? [`remove ${count(gone, 'build')}`] : []),
  ];
  const headline = parts.join(', ') || `update ${count(changes, 'file')} of the catalog`;
  return {
    headline: headline.charAt(0).toUpperCase() + headline.slice(1),
    body: run ? `Built by ${run}` : '',
  };
}

function count({ length }: readonly Change[], noun: string): string {
  return `${length} ${noun}${length === 1 ? '' : 's'}`;
}

function nameFirst(builds: readonly Change[]): string {
  const names = builds
    .slice(0, MAX_NAMES)
    .map(({ path }) => basename(path, '.json').replace(/-[a-z2-7]{32}$/, ''));
  return builds.length > MAX_NAMES ? `${names.join(', ')} …` : names.join(', ');
}
