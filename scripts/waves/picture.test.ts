import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { MatrixEntry } from '../../site/schemas/build-request.ts';
import { pictureWaves, reportDivision, type PicturedJob } from './picture.ts';

function job(index: number, wave: number, counts: Partial<PicturedJob> = {}): PicturedJob {
  return { index, wave, target: 'x86_64_v3', built: 0, failed: 0, waiting: 0, ...counts };
}

test('draws the jobs of each wave with the state of their builds', () => {
  expect(
    pictureWaves([
      job(0, 0, { built: 3 }),
      job(1, 0, { built: 1, failed: 1, waiting: 2 }),
      job(2, 1, { waiting: 4 }),
    ]),
  ).toEqual([
    '```mermaid',
    'flowchart LR',
    '  subgraph wave1 [Wave 1]',
    '    job0["Build 0 for x86_64_v3: 3 built"]:::built',
    '    job1["Build 1 for x86_64_v3: 1 built, 1 failed, 2 waiting"]:::failed',
    '  end',
    '  subgraph wave2 [Wave 2]',
    '    job2["Build 2 for x86_64_v3: 4 waiting"]:::waiting',
    '  end',
    '  wave1 --> wave2',
    '  classDef built fill:#1a7f37,color:#fff',
    '  classDef failed fill:#cf222e,color:#fff',
    '  classDef waiting fill:#6e7781,color:#fff',
    '```',
    '',
  ]);
});

test('draws nothing where a picture would say nothing', () => {
  expect(pictureWaves(Array.from({ length: 61 }, (_, index) => job(index, 0)))).toEqual([]);
});

test('the summary of a plan says how long its work takes, and that of a later run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'picture-'));
  vi.stubEnv('GITHUB_STEP_SUMMARY', join(folder, 'summary.md'));
  const entry = (index: number): MatrixEntry => {
    const digest = 'a'.repeat(64);
    return { index, target: 'v3', runner: 'r', container: '', plan: digest, lock: digest, inputs: digest };
  };
  try {
    const jobs = [entry(0), entry(1)];
    const hashesOf = new Map([[0, ['a', 'b']]]);
    const seconds = { a: 3_600, b: 3_600, c: 1_800 };
    reportDivision({ jobs, requests: [entry(2)], left: ['c'], seconds, hashesOf });
    const text = readFileSync(join(folder, 'summary.md'), 'utf8').replaceAll('\u00a0', ' ');
    expect(text).toContain(
      'About 2 h 30 min of building in 2 jobs. 1 builds (about 30 min) are for a later run.',
    );
    expect(text).toContain('job0["Build 0 for v3: 2 waiting"]');
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  }
});
