import { expect, test } from 'vitest';
import fc from 'fast-check';
import type { Container } from '../../site/schemas/container.ts';
import { Node, PackageName } from '../../site/schemas/node.ts';
import { findMade, findWanted, packageTags } from './images-to-make.ts';
import { environmentTag } from '../../site/lib/registry-address.ts';

const tree = node('tree', 'a');
const zlib = node('zlib', 'b');

test('plans one container per root, or one per environment', () => {
  expect(findWanted([tree, zlib], {}).map(({ tags }) => tags[0])).toEqual(['tree-1.0', 'zlib-1.0']);
  const [stack, ...none] = findWanted([tree, zlib], { environment: 'stack' });
  expect(none).toEqual([]);
  expect(stack).toMatchObject({ subject: 'env-stack', tags: ['env-stack'], roots: [tree, zlib] });
  expect(stack?.platform).toEqual({ os: 'linux', architecture: 'amd64' });
});

test('finds existing containers: any record of a build, the newest of an environment for its platform', () => {
  const [wanted] = findWanted([tree], {});
  const [stack] = findWanted([tree, zlib], { environment: 'stack' });
  if (!wanted || !stack) throw new Error('nothing wanted');
  const old = record([tree], '2026-01-01T00:00:00Z');
  expect(findMade(wanted, [record([zlib], '2026-02-01T00:00:00Z'), old])).toBe(old);
  expect(findMade(wanted, [{ ...old, architecture: 'arm64' }])).toBeUndefined();

  const now = record([zlib, tree], '2026-02-01T00:00:00Z');
  expect(findMade(stack, [old, now])).toBe(now);
  // Its tag has moved on to other content, so it is created again.
  expect(findMade(stack, [now, record([tree], '2026-03-01T00:00:00Z')])).toBeUndefined();
});

function record(roots: Node[], published: string): Container {
  const digest = `sha256:${'0'.repeat(64)}`;
  const base = { name: 'ubuntu:24.04', digest };
  const hashes = roots.map(({ hash }) => hash);
  return {
    ...{ roots: hashes, os: 'linux', architecture: 'amd64', tags: ['t'], digest, size: 1 },
    ...{ base, published, origin: {} },
  };
}

function node(name: string, letter: string): Node {
  const arch = { platform: 'linux', platform_os: 'ubuntu24.04', target: 'x86_64_v3' };
  return Node.parse({ name, version: '1.0', arch, hash: letter.repeat(32) });
}

/** Few parts, so that many pairs are the same text when joined. */
const part = fc.constantFrom('a', '1', 'env', 'latest', '01234567', '-', '.', '_', '=', '.spack', '/');
const text = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
const oddPackage = fc.record({
  name: text.filter((name) => PackageName.safeParse(name).success),
  version: text,
});
const environmentNames = ['a', '1', 'latest', '01234567', 'a-1', '1-latest'];

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

test('gives a build readable tags: by version, as the latest, by commit', () => {
  expect(packageTags({ name: 'samtools', version: '1.21' }, COMMIT)).toEqual([
    'samtools-1.21',
    'samtools-latest',
    'samtools-01234567',
  ]);
  expect(packageTags({ name: 'samtools', version: '1.21' })).toEqual(['samtools-1.21', 'samtools-latest']);
});

test('keeps within the characters and the length of tags for any version', () => {
  expect(packageTags({ name: 'x', version: 'git.feature/a=1.0' })[0]).toMatch(
    /^x-git\.feature_a_1\.0--[0-9a-f]{12}$/,
  );
  for (const tag of packageTags({ name: 'n'.repeat(128), version: 'v'.repeat(100) })) {
    expect(tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);
  }
});

test('never makes a tag that Spack would take for one of its own', () => {
  expect(packageTags({ name: 'x', version: '1.0.spack' })[0]).toMatch(/^x-1\.0\.spack--/);
  expect(environmentTag('stack')).toBe('env-stack');
});

test('keeps dates unchanged', () => {
  expect(packageTags({ name: 'ca-certificates-mozilla', version: '2025-08-12' })[0]).toBe(
    'ca-certificates-mozilla-2025-08-12',
  );
});

test('gives no two packages or versions the same tag', () => {
  fc.assert(
    fc.property(oddPackage, oddPackage, (one, other) => {
      const same = one.name === other.name;
      const [first, second] = [packageTags(one, COMMIT), packageTags(other, COMMIT)];
      expect(new Set(first).size).toBe(3);
      if (!same) expect(first.filter((tag) => second.includes(tag))).toEqual([]);
      else if (one.version !== other.version) expect(first[0]).not.toBe(second[0]);
      expect(first.filter((tag) => environmentNames.map(environmentTag).includes(tag))).toEqual([]);
    }),
    { seed: 1, numRuns: process.env['FULL'] ? 200_000 : 5_000 },
  );
  expect(packageTags({ name: 'a', version: '1-2' })[0]).not.toBe(
    packageTags({ name: 'a-1', version: '2' })[0],
  );
});
