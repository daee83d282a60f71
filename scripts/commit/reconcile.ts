import type { Change } from './changes.ts';

/** What of some changes still is to be committed on top of a branch that has moved. */
export interface Reconciled {
  changes: Change[];
  /** Changes that another commit made impossible: it was first, and what it brought stays. */
  lost: Change[];
}

/**
 * Drops what the branch has already and what another commit was faster with. A build and its manifest are one:
 * both come from the same publisher, or neither is committed.
 * @param there git's name of what the branch has at each path; undefined: nothing
 */
export function reconcile(
  changes: readonly Change[],
  there: (path: string) => string | undefined,
): Reconciled {
  const fates = changes.map((change) => ({ change, fate: judge(change, there(change.path)) }));
  const builds = new Map<string, Fate>();
  for (const { change, fate } of fates) {
    if (change.content && partOf(change.path) === 'build') builds.set(unitOf(change.path), fate);
  }
  const result: Reconciled = { changes: [], lost: [] };
  for (const { change, fate } of fates) {
    const isManifest = change.content !== undefined && partOf(change.path) === 'manifest';
    const deciding = isManifest && fate !== 'same' ? (builds.get(unitOf(change.path)) ?? fate) : fate;
    if (deciding === 'open') result.changes.push(change);
    else if (deciding === 'lost') result.lost.push(change);
  }
  return result;
}

type Fate = 'open' | 'same' | 'lost';

function judge({ oid, base }: Change, there: string | undefined): Fate {
  if (there === oid) return 'same';
  return there === base ? 'open' : 'lost';
}

/** Which half of a build a file of the catalog is. */
export function partOf(path: string): 'build' | 'manifest' | undefined {
  if (/(^|\/)builds\/[^/]+\/[^/]+\.json$/.test(path)) return 'build';
  return /(^|\/)manifests\/[^/]+\/[^/]+\.spec\.manifest\.json$/.test(path) ? 'manifest' : undefined;
}

/** What a build's record and its manifest have in common: `<name>/<stem>`. */
export function unitOf(path: string): string {
  return path.replace(/^.*?(builds|manifests)\//, '').replace(/(\.spec\.manifest)?\.json$/, '');
}
