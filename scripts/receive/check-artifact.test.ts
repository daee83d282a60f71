import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkArtifact, type ArtifactToCheck } from './check-artifact.ts';

const RECORD = { failures: [], packages: [], environments: {}, built: [], reused: [] };
let artifact: ArtifactToCheck;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'check-'));
  writeFileSync(join(folder, 'record.json'), JSON.stringify(RECORD));
  cpSync('tests/fixtures/cache-unsigned', join(folder, 'cache'), { recursive: true });
  artifact = { folder, hashes: new Set(), texts: new Map(), catalogDirectory: join(folder, 'catalog') };
});

afterEach(() => rmSync(artifact.folder, { recursive: true }));

test('says what is wrong with an artifact', async () => {
  expect(await checkArtifact(artifact)).toMatchObject({ refused: expect.stringMatching(/allowed hashes/) });
});

test('returns the record of a job that built nothing', async () => {
  rmSync(join(artifact.folder, 'cache'), { recursive: true });
  expect(await checkArtifact(artifact)).toEqual({ entries: [], record: RECORD });
});

test('stops a check that exceeds its memory or time, and continues', async () => {
  // About ten MiB of JSON, which take ten times as much memory when parsed.
  const environments = Object.fromEntries(
    Array.from({ length: 60_000 }, (_, at) => [
      at
        .toString()
        .padStart(32, 'a')
        .replaceAll(/[0189]/g, 'b'),
      { [`V${at}`]: String(at).repeat(20) },
    ]),
  );
  writeFileSync(join(artifact.folder, 'record.json'), JSON.stringify({ ...RECORD, environments }));
  expect(await checkArtifact(artifact, { memoryMiB: 10, milliseconds: 3_600_000 })).toMatchObject({
    refused: expect.stringMatching(/within 10 MiB of memory/),
  });
  expect(await checkArtifact(artifact, { memoryMiB: 512, milliseconds: 30 })).toMatchObject({
    refused: expect.stringMatching(/checked within .* minutes/),
  });
});
