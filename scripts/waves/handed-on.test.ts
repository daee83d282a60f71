import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Matrix, type MatrixEntry } from '../../site/schemas/build-request.ts';
import { writeBuiltJob, writeTaker } from '../../tests/world/built-job.ts';
import { digestFile } from '../concretize/plan-files.ts';
import { openArtifactFolder } from '../receive/build-artifact.ts';
import { readPlanFolder } from '../receive/plan-folder.ts';
import { handOn, openHandedOn, type HandOnResult } from './handed-on.ts';
import { lockNodes } from './part-folder.ts';

const TREE = 'mgvrpqcayml2t34bqu5anstlc53ooayw';
let folder: string;
/** A job of the first wave that has built tree, and a job of a later wave that uses it. */
let first: MatrixEntry;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handed-on-'));
  const [entry] = Matrix.parse(JSON.parse(writeBuiltJob(folder, ['tree'], 6))).include;
  if (!entry) throw new Error('expected a job');
  first = entry;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Plan of a job that uses some builds of earlier waves. */
function later(index: number, wave: number, earlier: string[]): MatrixEntry {
  return writeTaker(join(folder, 'plans'), first, { index, wave, earlier });
}

function hand(entries: MatrixEntry[], wave: number, before?: HandOnResult): Promise<HandOnResult> {
  return handOn(entries, {
    plans: join(folder, 'plans'),
    artifacts: openArtifactFolder(join(folder, 'artifacts')),
    wave,
    before: before && { folder: join(folder, `handed-${wave - 1}`), sha256: before.sha256 },
    catalog: join(folder, 'catalog'),
    out: join(folder, `handed-${wave}`),
  });
}

function open(wave: number, sha256: string): Promise<Set<string>> {
  const { lockText } = readPlanFolder(join(folder, 'plans'), first);
  const mirror = join(folder, 'mirror');
  return openHandedOn(join(folder, `handed-${wave}`), sha256, [TREE], lockNodes(lockText), mirror);
}

test('hands on builds that a later job needs, as a mirror with an index', async () => {
  const { sha256, builds, refused } = await hand([first, later(1, 1, [TREE])], 1);
  expect({ builds, refused }).toEqual({ builds: 1, refused: [] });
  expect([...(await open(1, sha256))]).toEqual([TREE]);
  expect(readdirSync(join(folder, 'mirror/v3/manifests')).sort()).toEqual(['index', 'spec']);
});

test("removes its own files, and nobody else's", async () => {
  await hand([first, later(1, 1, [TREE])], 1);
  await hand([first, later(1, 1, [TREE])], 1);
  const file = join(folder, 'handed-1/thesis.tex');
  writeFileSync(file, 'mine');
  await expect(hand([first], 1)).rejects.toThrow('found "thesis.tex"; choose another one');
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('hands on no builds that no later job needs', async () => {
  const { builds } = await hand([first, later(1, 1, [])], 1);
  expect(builds).toBe(0);
  expect(existsSync(join(folder, 'handed-1/cache/blobs'))).toBe(false);
});

test('uses a longer job two waves later, a long one one wave later, and never a job that nothing waits for', async () => {
  const longer: MatrixEntry = { ...first, lane: 'longer' };
  for (const [wave, builds] of [
    [2, 0],
    [3, 1],
  ] as const)
    expect(await hand([longer, later(3, 3, [TREE])], wave)).toMatchObject({ builds, refused: [] });
  const long: MatrixEntry = { ...first, lane: 'long' };
  const entries = [long, later(1, 1, []), later(2, 2, [TREE])];
  const next = await hand(entries, 1);
  expect({ builds: next.builds, refused: next.refused }).toEqual({ builds: 0, refused: [] });
  // The job of the second wave uploaded nothing.
  expect(await hand(entries, 2, next)).toMatchObject({ builds: 1, refused: ['job 1 uploaded nothing'] });
  const last = await hand([{ ...first, lane: 'last' }, later(1, 1, [TREE])], 1);
  expect(last).toMatchObject({ builds: 0, refused: [] });
});

test('a wave gets the builds of the previous one, without checking those jobs again', async () => {
  const entries = [first, later(1, 1, []), later(2, 2, [TREE])];
  const before = await hand(entries, 1);
  rmSync(join(folder, 'artifacts/build-0-1'), { recursive: true });
  expect(await hand(entries, 2, before)).toMatchObject({ builds: 1, refused: ['job 1 uploaded nothing'] });
});

test('refuses builds that were not planned, and continues without them', async () => {
  const taker = later(1, 1, [TREE]);
  const plan = join(folder, 'plans/0/plan.txt');
  writeFileSync(plan, '');
  const entries = [{ ...first, plan: digestFile(plan) }, taker];
  const { builds, refused } = await hand(entries, 1);
  expect(builds).toBe(0);
  expect(refused).toEqual([expect.stringMatching(/^job 0 is refused: .*plan/)]);
});

test('refuses files that another job has replaced', async () => {
  const { sha256 } = await hand([first, later(1, 1, [TREE])], 1);
  const listing = join(folder, 'handed-1/handed-on.json');
  const [file] = Object.values<{ path: string }[]>(JSON.parse(readFileSync(listing, 'utf8')).builds).flat();
  appendFileSync(join(folder, 'handed-1/cache', file?.path ?? ''), 'x');
  await expect(open(1, sha256)).rejects.toThrow(/expected sha256 .* a build has replaced it/);
  appendFileSync(listing, ' ');
  await expect(open(1, sha256)).rejects.toThrow(/expected the file that hand-on wrote/);
});
