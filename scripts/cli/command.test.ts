import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram } from '../../tests/tools/path.ts';
import { basicVariables, PROJECT, runProgram, tryScript } from '../../tests/world/run.ts';
import { readTextFile } from './files.ts';
import { describeError, findOldNode, printable } from './command.ts';

test('says which Node a command needs, and how to get it', () => {
  expect(findOldNode(process.versions.node, 'sign')).toBeUndefined();
  expect(findOldNode('24.0.0', 'sign')).toBeUndefined();
  expect(findOldNode('22.18.0', 'sign')).toBe(
    'expected Node 24 or newer, found 22.18.0; write `npx node scripts/sign.ts`, which takes the one that `npm ci` has installed',
  );
});

const oldNode = findProgram('node22');
test.skipIf(!oldNode)(
  'every command says so when Node 22 (22.18 or newer, as node22 on PATH) runs it',
  async () => {
    for (const script of globSync('scripts/*.ts', { cwd: PROJECT, exclude: ['**/*.test.ts'] })) {
      const { code, output } = await runProgram(oldNode ?? '', [script, '--help'], basicVariables(), PROJECT);
      expect(output).toContain(`; write \`npx node scripts/${basename(script)}\``);
      expect(code).toBe(1);
    }
  },
);

test('prints no control character, and no line that GitHub would treat as a command', () => {
  const hostile = 'a\u001b[2J\r\n  ::error::x\n::add-mask::y\u009b\u2028é';
  const shown = printable(hostile);
  expect(shown).toBe('a\\u001b[2J\\u000d\n  | ::error::x\n  | ::add-mask::y\\u009b\\u2028é');
  expect(shown.split('\n').filter((line) => line.trimStart().startsWith('::'))).toEqual([]);
});

test('refuses a catalog with a typing error in its name where a command only reads it, and shows no control character', async () => {
  for (const verb of ['doctor', 'mirror', 'prune', 'sign', 'sbom', 'record-settings']) {
    const rest = verb === 'sbom' ? ['abc'] : [];
    const { code, output } = await tryScript(verb, ['--catalog', 'site/contnet\u001b[2J', ...rest]);
    expect(output).toBe(
      'error: site/contnet\\u001b[2J: expected the folder of a catalog, found none; check --catalog and CATALOG_DIR\n',
    );
    expect(code).toBe(1);
  }
  for (const verb of ['doctor', 'refresh']) {
    const { code, output } = await tryScript(verb, [], { CATALOG_DIR: 'site/contnet' });
    expect(output).toMatch(/^error: site\/contnet: expected the folder of a catalog, found none; check --/);
    expect(code).toBe(1);
  }
  const elsewhere = await tryScript('doctor', [], {}, '/');
  expect(elsewhere.output).toMatch(/^error: site\/content: expected the folder of a catalog, found none;/);
  const { output } = await tryScript('choose', ['\u001b[2J']);
  expect(output).toContain("error: command-argument value '\\u001b[2J' is invalid");
});

test('prints each cause once, and not that a missing file is missing', () => {
  const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
  expect(describeError(new Error('x: expected a file, found none', { cause: missing }))).toBe(
    'x: expected a file, found none',
  );
  expect(describeError(missing)).toBe('ENOENT: no such file');
  const said = (act: () => unknown): string => {
    try {
      return String(act());
    } catch (error) {
      return describeError(error);
    }
  };
  expect(said(() => readFileSync(''))).toBe('"": expected a file or folder, found none; check the path');
  expect(said(() => readFileSync('no/such'))).toBe(
    'no/such: expected a file or folder, found none; check the path',
  );
  expect(said(() => readdirSync('package.json'))).toBe(
    'package.json: expected a folder, found something else; check the path',
  );
  expect(said(() => readTextFile('tests'))).toBe('tests: expected a file, found a folder; check the path');
  expect(said(() => writeFileSync('/dev/full', 'x'))).toBe('the disk is full; make room, and run this again');
  const inner = new Error('the disk is full');
  expect(describeError(new Error('cannot write', { cause: inner }))).toBe(
    'cannot write\n  because the disk is full',
  );
  expect(describeError(new Error('cannot write: the disk is full', { cause: inner }))).toBe(
    'cannot write: the disk is full',
  );
});
