import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tryScript } from '../../tests/world/run.ts';
import { expectOwnFolder } from './files.ts';

test('a command erases no file, and no folder with anything that it did not write', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'own-folder-'));
  try {
    const own = join(folder, 'own');
    expectOwnFolder(own, /^\d+\.txt$/);
    mkdirSync(own);
    writeFileSync(join(own, '1.txt'), '');
    expectOwnFolder(own, /^\d+\.txt$/);
    writeFileSync(join(own, 'thesis.tex'), '');
    expect(() => expectOwnFolder(own, /^\d+\.txt$/)).toThrow('found "thesis.tex"; choose another one');
    const plan = join(import.meta.dirname, '../../tests/fixtures');
    for (const [verb, ...args] of [
      [
        'receive',
        '--plans',
        plan,
        '--matrix',
        '{"include":[]}',
        '--registry',
        `oci-layout:${folder}/r`,
        '--subjects',
      ],
      ['build', '--plan', plan, '--out'],
    ] as const) {
      for (const place of [own, join(own, '1.txt')]) {
        const { code, output } = await tryScript(verb, [...args, place]);
        expect([verb, code, output]).toEqual([
          verb,
          1,
          expect.stringMatching(/^error: .*own(?:: .*choose another one|\/1\.txt: expected a folder)/),
        ]);
      }
    }
    expectOwnFolder(own, /^(?:1\.txt|thesis\.tex)$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
