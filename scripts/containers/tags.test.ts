import { expect, test } from 'vitest';
import { environmentTag } from '../../site/lib/registry-address.ts';
import { packageTags } from './tags.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

test('names a build for people: by version, as the latest, by commit', () => {
  expect(packageTags({ name: 'samtools', version: '1.21' }, COMMIT)).toEqual([
    'samtools-1.21',
    'samtools-latest',
    'samtools-01234567',
  ]);
  expect(packageTags({ name: 'samtools', version: '1.21' })).toEqual(['samtools-1.21', 'samtools-latest']);
});

test('keeps to the characters and the length of tags, whatever a version is', () => {
  expect(packageTags({ name: 'x', version: 'git.feature/a=1.0' })[0]).toBe('x-git.feature_a_1.0');
  for (const tag of packageTags({ name: 'n'.repeat(80), version: 'v'.repeat(100) })) {
    expect(tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);
  }
});

test('never makes a tag that Spack would take for one of its own', () => {
  expect(packageTags({ name: 'x', version: '1.0.spack' })[0]).toBe('x-1.0_spack');
  expect(environmentTag('stack')).toBe('env-stack');
});
