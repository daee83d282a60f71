import { expect, test } from 'vitest';
import { Build } from '../../schemas/build.ts';
import { Node } from '../../schemas/node.ts';
import { containerCommands } from './build-commands.ts';

const REFERENCE = 'ghcr.io/owner/cache:tree-2.1.0.spack';

test('puts an image on top of the system that it was built on, and runs the program of the same name', () => {
  expect(commands('debian12', ['a', 'tree'])).toEqual([
    "printf 'FROM debian:12\\nCOPY --from=ghcr.io/owner/cache:tree-2.1.0.spack / /\\nENV PATH=/opt/tree/bin:/opt/tree/sbin:$PATH\\n' | docker build --tag spack-tree -",
    'docker run --rm -it spack-tree tree',
  ]);
  expect(commands('rhel9', ['tree'])[0]).toContain('FROM redhat/ubi9\\n');
  expect(commands('ubuntu24.04', ['tree'])[0]).toContain('FROM ubuntu:24.04\\n');
});

test('has no commands if they would not work, or would run more than a program', () => {
  expect(commands('sonoma', ['tree'])).toEqual([]);
  expect(commands('constructor', ['tree'])).toEqual([]);
  expect(commands('debian12', [])).toEqual([]);
  expect(commands('debian12', ['$(evil)'])).toEqual([]);
  expect(commands('debian12', ['tree'], "/opt/'; evil; '")).toEqual([]);
  expect(commands('debian12', ['tree'], '/opt/tree', false)).toEqual([]);
});

function commands(os: string, programs: string[], prefix = '/opt/tree', runnable = true): string[] {
  const hash = 'a'.repeat(32);
  const blob = { digest: `sha256:${'0'.repeat(64)}`, size: 1 };
  const arch = { platform: os === 'sonoma' ? 'darwin' : 'linux', platform_os: os, target: 'zen4' };
  const build = Build.parse({
    name: 'tree',
    version: '2.1.0',
    hash,
    published: '2026-11-23T07:40:00Z',
    tarball: { ...blob, uncompressedDigest: blob.digest, installedSize: 1, files: 1 },
    contents: { prefix, programs, libraries: [] },
    image: { tag: 'tree', digest: blob.digest, size: 1, config: blob, runnable },
    origin: {},
  });
  return containerCommands(Node.parse({ name: 'tree', version: '2.1.0', arch, hash }), build, REFERENCE);
}
