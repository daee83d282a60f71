import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  RecipeComparison,
  type BuildVerdicts,
  type OlderCause,
} from '../../site/schemas/checks/recipe-comparison.ts';
import { addFiles } from '../catalog/catalog.ts';
import type { Verdict } from './compare.ts';
import { groupVerdicts, recordComparison } from './record-recipes.ts';

const [A, B, C, D, GONE] = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(32)) as [
  string,
  string,
  string,
  string,
  string,
];
const HERE = new Set([A, B, C, D]);
const ZLIB: OlderCause = { why: 'version', name: 'zlib', version: '1.3', newest: '1.4' };
const TREE: OlderCause = { why: 'recipe', name: 'tree', version: '2.1.0' };
const JUNE = {
  name: 'v2026.06.0',
  commit: 'a'.repeat(40),
  commitDate: '2026-06-20T00:00:00Z',
  now: '2026-12-01T00:00:00Z',
};
const OCTOBER = { ...JUNE, name: 'v2026.10.0', commit: 'b'.repeat(40), commitDate: '2026-10-20T00:00:00Z' };
const FOUND: BuildVerdicts = { current: [A], noNewer: [], older: [{ ...ZLIB, hashes: [B, C] }] };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'comparison-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function record(found: BuildVerdicts, release = JUNE): string[] {
  return addFiles(folder, recordComparison(found, release, HERE, folder));
}

function recorded(): RecipeComparison {
  return RecipeComparison.parse(JSON.parse(readFileSync(join(folder, 'checks/recipes.json'), 'utf8')));
}

test('puts builds together that are older for the same reason', () => {
  const different = (cause?: OlderCause): Verdict => ({
    kind: 'different',
    reason: 'r',
    ...(cause && { cause }),
  });
  const verdicts = new Map<string, Verdict>([
    [D, { kind: 'unchanged', reason: '' }],
    [C, different(ZLIB)],
    [B, different(ZLIB)],
    [A, different()],
    [GONE, { kind: 'unclear', reason: '' }],
    ['z'.repeat(32), { kind: 'unclear', reason: 'its recipe was not asked', isUnknown: true }],
  ]);
  expect(groupVerdicts(verdicts)).toEqual({
    current: [D],
    noNewer: [A, GONE],
    older: [{ ...ZLIB, hashes: [B, C] }],
  });
});

test('of a build that stays older says since which release, of one that was renewed no more', () => {
  record(FOUND);
  expect(recorded()).toMatchObject({ release: 'v2026.06.0', older: [{ since: { release: 'v2026.06.0' } }] });
  record({ current: [C], noNewer: [], older: [{ ...TREE, hashes: [B, A] }] }, OCTOBER);
  const since = (release: typeof JUNE) => ({ release: release.name, date: release.commitDate });
  expect(recorded()).toEqual({
    release: 'v2026.10.0',
    commit: OCTOBER.commit,
    date: OCTOBER.commitDate,
    current: [C],
    noNewer: [],
    older: [
      { ...TREE, hashes: [A], since: since(OCTOBER) },
      { ...TREE, hashes: [B], since: since(JUNE) },
    ],
  });
});

test('writes nothing when nothing is new, nor by older recipes or such of which nobody knows the commit', () => {
  expect(record(FOUND, OCTOBER)).toEqual(['checks/recipes.json']);
  expect(record(FOUND, OCTOBER)).toEqual([]);
  expect(record({ ...FOUND, current: [] }, JUNE)).toEqual([]);
  expect(record(FOUND, { ...OCTOBER, commit: 'installed', commitDate: '' })).toEqual([]);
});

test('takes of each build one verdict, and none of builds that are not here', () => {
  record({ current: [B, GONE], noNewer: [D, D], older: [{ ...ZLIB, hashes: [B, B] }] });
  expect(recorded()).toMatchObject({ current: [], noNewer: [D], older: [{ hashes: [B] }] });
});
