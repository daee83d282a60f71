import type { Change } from './changes.ts';
import { partOf, unitOf } from './reconcile.ts';

/** Base64 in one mutation; GitHub refuses requests of some 40 MB and gives up on slow ones after 10 seconds. */
const MAX_BYTES = 8 * 2 ** 20;
/** Files in one mutation, for the same ten seconds. */
const MAX_FILES = 1_000;

/** What one commit may hold; a build and its manifest stay together whatever it is. */
export interface BatchLimits {
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

/** Bytes that changes take in a mutation. */
export function sizeOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { path, content }) => sum + path.length + encodedSize(content), 0);
}

/** Bytes of a file's content in base64. */
function encodedSize(content: Buffer | undefined): number {
  return content ? Math.ceil(content.length / 3) * 4 : 0;
}
