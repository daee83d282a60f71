import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { generateCatalog } from '../../tests/generate/catalog.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { fillSample } from './sample.ts';

const directory = mkdtempSync(join(tmpdir(), 'sample-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('fills the sample with descriptions, an environment whose next lock waits, a failure and two months', async () => {
  await generateCatalog({ builds: 8, seed: 1, directory });
  fillSample(directory, new Date('2026-11-28T12:00:00Z'));
  const { builds, locks } = readCatalog(directory);
  expect([...locks.keys()]).toContain('basics');
  expect(readdirSync(join(directory, 'environments'))).toContain('basics.solved.json');
  const months = new Set([...builds.values()].map(({ published }) => published.slice(0, 7)));
  expect([...months].sort()).toEqual(['2026-10', '2026-11']);
  expect(readdirSync(join(directory, 'packages'))).toContain('tree.json');
  expect(readdirSync(join(directory, 'failures'))).toContain('zstd');
  expect(readdirSync(join(directory, 'stats'))).toEqual(
    expect.arrayContaining(['2026-10.json', '2026-11.json']),
  );
});
