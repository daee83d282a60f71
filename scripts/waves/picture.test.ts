import { expect, test } from 'vitest';
import { pictureWaves, type PicturedJob } from './picture.ts';

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
