import { expect, test } from 'vitest';
import { indentJson } from './indent-json.ts';

test('indents like JSON.stringify, and keeps the order of keys that look like numbers', () => {
  const value = { a: [1, { b: 'x, "{y}"' }], c: {}, d: [] };
  expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  expect(indentJson('{"b":1.0,"1":[true,null]}')).toBe(
    '{\n  "b": 1.0,\n  "1": [\n    true,\n    null\n  ]\n}',
  );
});
