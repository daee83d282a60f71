import { readFileSync } from 'node:fs';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { isTemplate } from '../../tests/world/template.ts';
import { findTarget, parseSettingsFile, readSettingsFile, SETTINGS_FILE } from './owner-settings.ts';

const DEFAULTS = BuildCacheSettings.parse({});

test('uses the defaults for a file that is empty or all comments, not for one that is named and missing', () => {
  expect(() => readSettingsFile('no/such/file.yaml')).toThrow('ENOENT');
  expect(() => readSettingsFile('tests')).toThrow(expect.objectContaining({ code: 'EISDIR', path: 'tests' }));
  expect(parseSettingsFile('', 'x')).toEqual(DEFAULTS);
});

test.runIf(isTemplate)('reads the defaults from the file that the template ships', () => {
  expect(readSettingsFile(SETTINGS_FILE)).toEqual(DEFAULTS);
});

test.runIf(isTemplate)('states every default correctly in the commented file', () => {
  const text = readFileSync(SETTINGS_FILE, 'utf8').replaceAll(/^#(?=\S)/gm, '');
  const uncommented = text.replaceAll(/^#( {2,}\S)/gm, '$1');
  const { targets, exclude, ...rest } = parseSettingsFile(uncommented, SETTINGS_FILE);
  expect(rest).toEqual({ ...DEFAULTS, targets: undefined, exclude: undefined });
  expect(targets.slice(0, 3)).toEqual(DEFAULTS.targets);
  expect(targets.slice(3)).toEqual([
    { name: 'x86_64_v3-ubuntu24.04', target: 'x86_64_v3', runner: 'ubuntu-24.04' },
  ]);
  expect(exclude).toHaveLength(2);
});

test('reports the file, the place and what was expected', () => {
  const read = (text: string) => () => parseSettingsFile(text, 'a.yaml');
  expect(read('targets: []')).toThrow(/^a\.yaml: targets: .*correct it/);
  expect(read('pagesBudget: lots')).toThrow('a.yaml: pagesBudget: expected a size such as 900MB');
  expect(read('scheduelPackages: 3')).toThrow('scheduelPackages');
  expect(read('spack: --upload-pack=x')).toThrow('expected a git tag');
  for (const image of ['a b', '$(x)', '"a\\tb"', '"ubuntu:"', 'a@sha256:1'])
    expect(read(`baseImage: ${image}`), image).toThrow('baseImage: expected the name of an image');
  expect(parseSettingsFile('baseImage: localhost:5000/a/b_c:1', 'x').baseImage).toBe(
    'localhost:5000/a/b_c:1',
  );
  expect(read('a: [')).toThrow(/^a\.yaml: expected YAML/);
  expect(read('targets: [{name: a, runner: b}, {name: a, runner: c}]')).toThrow('same name');
  expect(read('targets: [{name: a, runner: b}, {name: A, runner: c}]')).toThrow(
    'same name, at least in lower case',
  );
});

test('finds a target by name, the first for an empty name, and lists all names for any other', () => {
  expect(findTarget(DEFAULTS, '').name).toBe('x86_64_v3');
  expect(findTarget(DEFAULTS, 'aarch64').runner).toBe('ubuntu-24.04-arm');
  expect(() => findTarget(DEFAULTS, 'vax')).toThrow('target "vax": expected one of x86_64_v3, aarch64, m1');
});

test("keeps the editors' schema equal to the real one (vitest -u writes it)", async () => {
  const schema = {
    title: 'Settings of a Spack build cache',
    ...z.toJSONSchema(BuildCacheSettings, { io: 'input' }),
  };
  const text = await format(JSON.stringify(schema), { parser: 'json', printWidth: 110 });
  await expect(text).toMatchFileSnapshot('../../.github/build-cache.schema.json');
});
