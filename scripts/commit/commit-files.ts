import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit } from './branch.ts';
import { createCommit, readFiles, readHead } from './branch.ts';
import type { Change, LocalChanges } from './changes.ts';
import { chunkChanges } from './batches.ts';
import type { GitHub } from '../github/client.ts';
import { addMonthCounts } from './month-counts.ts';
import { reconcile } from './reconcile.ts';
import { StaleHeadError } from '../github/errors.ts';

/** Others may commit between our look and our commit that often: eight publishers at once need some eight tries. */
const MAX_TRIES = 40;
/** Longest wait after such a try, times the number of tries so far, up to five. */
const WAIT_MS = 400;

/** What became of changes. */
export interface Committed {
  /** In their order; none when there was nothing to commit. */
  commits: Commit[];
  /** Number of files in them. */
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
  let pending = local.changes;
  let known = local.head;
  let head: string | undefined;
  for (let tries = 1; pending.length > 0;) {
    head ??= await readHead(github, branch);
    result.head = head;
    if (head !== known) {
      const { changes, lost } = await compare(github, head, pending);
      result.lost.push(...lost);
      pending = changes;
      known = head;
    }
    const [chunk] = chunkChanges(pending);
    if (!chunk) break;
    try {
      const counted = await addMonthCounts(github, head, chunk);
      const commit = await createCommit(github, branch, head, message, counted);
      result.commits.push(commit);
      result.files += counted.length;
      onCommit?.(result.files);
      pending = pending.filter((change) => !chunk.includes(change));
      result.head = head = known = commit.oid;
    } catch (error) {
      if (!(error instanceof StaleHeadError)) throw error;
      if (tries === MAX_TRIES) {
        throw new Error(`${branch} moved on ${MAX_TRIES} times during the commit; run it again`, {
          cause: error,
        });
      }
      await sleep(Math.random() * waitMs * Math.min(tries, 5));
      tries += 1;
      head = undefined;
    }
  }
  return result;
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
