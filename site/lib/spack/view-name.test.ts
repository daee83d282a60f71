import { expect, test } from 'vitest';
import { viewName } from './view-name.ts';

test('a name has no characters with a meaning in paths or Spack’s keys, and a limited length', () => {
  expect(viewName('target', 'x86_64_v3')).toBe('target-x86_64_v3');
  expect(viewName('env', 'my tools/../__v3__')).toBe('env-my-tools-..-_v3_');
  expect(viewName('os', 'x'.repeat(400))).toHaveLength(120);
});
