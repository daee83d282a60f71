import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { adaptEnvironment } from './adapt-environment.ts';

test('leaves an environment without anything of a machine as it is, comments and all', () => {
  const text = 'spack:\n  # ours\n  specs: [zlib]\n  view: true\n  config: {build_jobs: 4}\n';
  expect(adaptEnvironment(text)).toEqual({ text, notes: [], refusals: [] });
});

test('takes out what is of the owner’s machine, names each, and keeps the rest', () => {
  const { text, notes, refusals } = adaptEnvironment(`spack:
  specs: [zlib] # the one
  config:
    install_tree: {root: /home/me/spack, padded_length: 256}
    build_stage: /scratch
  upstreams: {site: {install_tree: /apps}}
  modules: {default: {roots: {tcl: /apps/modules}}}
  bootstrap: {root: /home/me/b}
  compilers:
  - compiler: {spec: gcc@9, paths: {cc: /apps/gcc}}
  view:
    default: {root: /apps/view}
    small: {root: view}
  mirrors: {open: https://binaries.spack.io/develop}
`);
  expect(refusals).toEqual([]);
  expect(text).toContain('# the one');
  expect(parse(text)).toEqual({
    spack: {
      specs: ['zlib'],
      view: { small: { root: 'view' } },
      mirrors: { open: 'https://binaries.spack.io/develop' },
    },
  });
  expect(notes.map((note) => note.replace(/ is not used.*/, ''))).toEqual([
    'upstreams',
    'modules',
    'bootstrap',
    'compilers',
    'config:install_tree',
    'config:build_stage',
    'view:default: /apps/view',
  ]);
});

test('puts no view where the only one was outside', () => {
  expect(parse(adaptEnvironment('spack: {specs: [], view: /apps/v}').text)).toEqual({
    spack: { specs: [], view: false },
  });
});

test.each([
  ['access_pair', '{url: s3://b, access_pair: [a, b]}'],
  ['access_token', '{url: "oci://r/x", fetch: {access_token: t}}'],
  ['a password in its address', 'https://me:secret@example.org/cache'],
])('refuses a mirror with credentials by name: %s', (what, mirror) => {
  const [refusal] = adaptEnvironment(`spack: {specs: [], mirrors: {ours: ${mirror}}}`).refusals;
  expect(refusal).toContain('mirrors:ours has credentials');
  expect(refusal).toContain(what);
  expect(refusal).not.toContain('secret@');
});

test('refuses what is developed in a folder that is not here', () => {
  const { refusals } = adaptEnvironment(
    'spack: {specs: [], develop: {mine: {path: /home/me/mine, spec: mine@1}}}',
  );
  expect(refusals).toEqual([expect.stringMatching(/^develop \(mine\) builds from a folder/)]);
});
