import { expect, test } from 'vitest';
import { parseImageReference } from './registry.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['ubuntu:24.04', 'docker.io/library/ubuntu', '24.04'],
  ['ubuntu', 'docker.io/library/ubuntu', 'latest'],
  ['owner/image:1', 'docker.io/owner/image', '1'],
  ['quay.io/pypa/manylinux_2_28_x86_64', 'quay.io/pypa/manylinux_2_28_x86_64', 'latest'],
  ['localhost:5000/base:1', 'localhost:5000/base', '1'],
  [`ghcr.io/owner/base:1@${DIGEST}`, 'ghcr.io/owner/base', DIGEST],
])('reads %s as Docker does', (name, repository, tagOrDigest) => {
  expect(parseImageReference(name)).toEqual({ repository, tagOrDigest });
});

test.each(['', ' ', 'two words', ':tag'])('refuses %j', (name) => {
  expect(() => parseImageReference(name)).toThrow(/expected a name such as ubuntu:24\.04/);
});
