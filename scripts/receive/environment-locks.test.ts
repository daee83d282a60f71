import { expect, test } from 'vitest';
import { mergeLocks } from './environment-locks.ts';

function lock(...nodes: { hash: string; target: string; needs?: string[]; root?: boolean }[]) {
  return {
    roots: nodes.filter(({ root }) => root).map(({ hash }) => ({ hash, spec: hash })),
    concrete_specs: Object.fromEntries(
      nodes.map(({ hash, target, needs = [] }) => [
        pad(hash),
        {
          name: hash,
          version: '1',
          arch: { platform: 'linux', platform_os: 'debian12', target },
          dependencies: needs.map((name) => ({
            name,
            hash: pad(name),
            parameters: { deptypes: ['link'], virtuals: [] },
          })),
          hash: pad(hash),
          kept: 'as it is',
        },
      ]),
    ),
  };
}

function pad(name: string): string {
  return name.padEnd(32, 'a');
}

test('keeps the roots of other systems, replaces those of this one, and drops what nobody needs any more', () => {
  const known = lock(
    { hash: 'old', target: 'zen3', root: true, needs: ['gone'] },
    { hash: 'gone', target: 'zen3' },
    { hash: 'arm', target: 'neoverse', root: true, needs: ['lib'] },
    { hash: 'lib', target: 'neoverse' },
  );
  const solved = lock({ hash: 'new', target: 'zen3', root: true });
  for (const each of [known, solved]) for (const root of each.roots) root.hash = pad(root.hash);
  const merged = mergeLocks(known, solved);
  expect(merged.roots.map(({ hash }) => hash)).toEqual([pad('arm'), pad('new')]);
  expect(Object.keys(merged.concrete_specs).sort()).toEqual([pad('arm'), pad('lib'), pad('new')]);
  expect(merged.concrete_specs[pad('lib')]).toMatchObject({ kept: 'as it is' });
});
