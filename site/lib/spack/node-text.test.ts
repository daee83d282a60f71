import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  dagHashText,
  isPlainNode,
  refuseAmbiguousJson,
  splitArray,
  splitNodes,
  splitObject,
} from './node-text.ts';

test('keeps the order of integer-like keys and the text of numbers', () => {
  const node = '{"name":"a","extra":{"10":1.0,"2":1e400,"b":123456789012345678901},"hash":"x"}';
  expect(dagHashText(node)).toBe('{"name":"a","extra":{"10":1.0,"2":1e400,"b":123456789012345678901}}');
});

test('drops white space outside strings and keeps it inside', () => {
  expect(splitNodes('{ "spec": {"_meta": {}, "nodes": [ {"a": "x  y" },\n {"b" : [1, 2]} ]} }')).toEqual([
    '{"a":"x  y"}',
    '{"b":[1,2]}',
  ]);
});

test('writes strings like Python', () => {
  const node = String.raw`{"a":"é\u00e9😀\/\"\\\b\f\n\r\t\u0001\u007f ,:{}[]","hash":"x"}`;
  const script =
    'import json,sys;n=json.loads(sys.stdin.read());del n["hash"];print(json.dumps(n,separators=(",",":")))';
  const python = execFileSync('python3', ['-c', script], { input: node, encoding: 'utf8' });
  expect(dagHashText(node)).toBe(python.trimEnd());
});

test('leaves out only the outermost hash', () => {
  expect(dagHashText('{"d":[{"hash":"inner"}],"hash":"outer","n":"s"}', ['n'])).toBe(
    '{"d":[{"hash":"inner"}]}',
  );
});

test('leaves out a parameter on request', () => {
  const node = '{"namespace":"b","parameters":{"commit":"e2","gui":false},"hash":"x"}';
  expect(dagHashText(node, ['parameters.commit'])).toBe('{"namespace":"b","parameters":{"gui":false}}');
  expect(dagHashText(node, ['commit'])).toBe('{"namespace":"b","parameters":{"commit":"e2","gui":false}}');
});

test('splits objects and arrays, including empty ones', () => {
  expect([...splitObject('{"a":{"b":1},"c":[]}')]).toEqual([
    ['a', '{"b":1}'],
    ['c', '[]'],
  ]);
  expect(splitArray('[]')).toEqual([]);
  expect(splitObject('{}').size).toBe(0);
});

test('rejects a repeated key on any level', () => {
  expect(() => splitObject('{"a":1,"a":2}')).toThrow('key "a" twice');
  expect(() => splitObject(String.raw`{"a":1,"\u0061":2}`)).toThrow('key "a" twice');
  expect(() => refuseAmbiguousJson('[{"x":{"b":1,"c":{},"b":2}}]')).toThrow('key "b" twice');
  expect(() => refuseAmbiguousJson('{"x":[{"b":1},{"b":1}],"b":":"}')).not.toThrow();
});

test('rejects JSON that is nested deeper than real data', () => {
  expect(() => refuseAmbiguousJson('['.repeat(100) + ']'.repeat(100))).not.toThrow();
  expect(() => refuseAmbiguousJson('['.repeat(101) + ']'.repeat(101))).toThrow('nested deeper');
});

test('rejects only numbers that Python would write in another way', () => {
  const numbers = [
    '0',
    '-1',
    '1.0',
    '-0.0',
    '1.5',
    '-0',
    '1.50',
    '1E2',
    '1e5',
    '1e-7',
    '0.00001',
    '1e22',
    '12345678901234567890',
  ];
  const script =
    'import json,sys;print(json.dumps([json.dumps(json.loads(t)) for t in json.load(sys.stdin)]))';
  const python = execFileSync('python3', ['-c', script], {
    input: JSON.stringify(numbers),
    encoding: 'utf8',
  });
  const written = z.array(z.string()).parse(JSON.parse(python));
  for (const [at, number] of numbers.entries()) {
    const refuse = () => refuseAmbiguousJson(`{"a":[${number}]}`);
    if (written[at] === number && number !== '1e22') expect(refuse, number).not.toThrow();
    else expect(refuse, number).toThrow(`the number ${number}, which`);
  }
  // Text that looks like Python's output is not checked further.
  expect(isPlainNode({ text: '{"a":1e-7}' })).toBe(false);
});

test('rejects text that is not JSON or not of the expected kind', () => {
  expect(() => splitObject('{"a":NaN}')).toThrow(/JSON/);
  expect(() => splitObject('[1]')).toThrow('begins with {');
  expect(() => splitNodes('{"spec":{}}')).toThrow('expected a specfile');
});
