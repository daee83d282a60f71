import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { adaptEnvironment } from './adapt-environment.ts';

/** Adapts an environment of a repository that has some files more. */
function adapt(text: string, files: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'repository-'));
  const file = join(root, 'site/content/environments/stack.yaml');
  for (const [path, content] of Object.entries({ 'site/content/environments/stack.yaml': text, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  symlinkSync('/etc', join(root, 'elsewhere'));
  return adaptEnvironment(text, { file, root });
}

test('leaves an environment without anything of a machine as it is, comments and all', () => {
  const text = 'spack:\n  # ours\n  specs: [zlib]\n  view: true\n  config: {build_jobs: 4}\n';
  expect(adapt(text)).toEqual({ text, notes: [], refusals: [] });
});

test('takes out what is of the owner’s machine, names each, and keeps the rest', () => {
  const { text, notes, refusals } = adapt(`spack:
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
  expect(notes.pop()).toBe(
    'mirrors:open: binaries are taken from https://binaries.spack.io/develop where they fit, and published here too',
  );
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
  expect(parse(adapt('spack: {specs: [], view: /apps/v}').text)).toEqual({
    spack: { specs: [], view: false },
  });
});

test.each([
  ['access_pair', '{url: s3://b, access_pair: [a, b]}'],
  ['access_token', '{url: "oci://r/x", fetch: {access_token: t}}'],
  ['a password in its address', 'https://me:secret@example.org/cache'],
])('refuses a mirror with credentials by name: %s', (what, mirror) => {
  const [refusal] = adapt(`spack: {specs: [], mirrors: {ours: ${mirror}}}`).refusals;
  expect(refusal).toContain('mirrors:ours has credentials');
  expect(refusal).toContain(what);
  expect(refusal).not.toContain('secret@');
});

test('refuses what is developed in a folder that is not here', () => {
  const { refusals } = adapt('spack: {specs: [], develop: {mine: {path: /home/me/mine, spec: mine@1}}}');
  expect(refusals).toEqual([
    expect.stringMatching(
      /^develop \(mine\) builds from a folder, whose path becomes a part of the DAG hash/,
    ),
  ]);
});

test('takes in what is included of the repository, the own word first, then what comes first', () => {
  const { text, notes, refusals } = adapt(
    `spack:
  # ours
  include: [../../../stacks/site.yaml, ../../../stacks/common]
  specs: [zlib]
  packages: {all: {require: [+own]}}
`,
    {
      'stacks/site.yaml':
        'include: [deeper.yaml]\npackages: {all: {require: [+site], variants: [+a]}, gcc: {buildable: false}}\n',
      'stacks/deeper.yaml': 'config: {install_tree: {root: /apps}}\nconcretizer: {unify: false}\n',
      'stacks/common/packages.yaml': 'packages: {gcc: {buildable: true, version: ["13"]}}\n',
      'stacks/common/read.me': 'nothing',
    },
  );
  expect(refusals).toEqual([]);
  expect(text).toContain('# ours');
  expect(parse(text)).toEqual({
    spack: {
      specs: ['zlib'],
      packages: {
        all: { require: ['+own', '+site'], variants: ['+a'] },
        gcc: { buildable: false, version: ['13'] },
      },
      concretizer: { unify: false },
    },
  });
  expect(notes).toEqual([expect.stringMatching(/^config:install_tree is not used/)]);
});

test('says what comes from the network, and leaves it to Spack', () => {
  const include = [
    { path: 'https://example.org/site.yaml', sha256: 'a'.repeat(64) },
    { git: 'https://example.org/configs.git', branch: 'main', paths: ['packages.yaml'] },
  ];
  const repos = {
    pinned: { git: 'https://example.org/one.git', commit: 'a'.repeat(40) },
    moving: { git: 'git@example.org:two.git' },
  };
  const { text, notes, refusals } = adapt(JSON.stringify({ spack: { specs: ['zlib'], include, repos } }));
  expect(refusals).toEqual([]);
  expect(parse(text)).toEqual({ spack: { specs: ['zlib'], include, repos } });
  expect(notes).toEqual([
    'include: https://example.org/site.yaml comes from the network',
    'include: https://example.org/configs.git comes from the network; name a commit, or it may change meanwhile',
    'repos:pinned: these recipes come from the network, https://example.org/one.git',
    'repos:moving: these recipes come from the network, git@example.org:two.git; name a commit or tag, or they may change between solving and building',
  ]);
});

test.each([
  [
    'include: [missing.yaml]',
    'include: missing.yaml is not in this repository: expected it at site/content/environments/missing.yaml',
  ],
  ['include: [/apps/site.yaml]', 'include: /apps/site.yaml is of your machine: '],
  ['include: [$HOME/site.yaml]', 'include: $HOME/site.yaml is of your machine: '],
  [
    'include: [../../../elsewhere/hostname]',
    'include: ../../../elsewhere/hostname is outside of this repository',
  ],
  [
    'include: [{path: ../../../list.yaml, when: "os == \'x\'"}]',
    'include: ../../../list.yaml has a condition (when)',
  ],
  ['include: [../../../list.yaml]', 'include: list.yaml: expected settings of Spack'],
  ['include: [../../../circle.yaml]', 'expected files that include each other at most 8 deep'],
  ['include: {a: b}', 'expected a list of files as include'],
  ['include_concrete: [../other]', 'include_concrete (../other) takes the lock of another environment'],
  ['repos: {ours: ./recipes}', 'repos:ours: ./recipes is a folder of recipes: take it out, and name'],
  ['repos: [/apps/recipes]', 'repos: /apps/recipes is a folder of recipes'],
])('names what is not there, and what to do: %s', (line, sentence) => {
  const files = { 'list.yaml': '[1, 2]\n', 'circle.yaml': 'include: [circle.yaml]\n' };
  const { refusals } = adapt(`spack:\n  specs: [zlib]\n  ${line}\n`, files);
  expect(refusals).toEqual([expect.stringContaining(sentence)]);
});

test('does without a file that is optional and not there', () => {
  const { text, refusals } = adapt('spack: {specs: [zlib], include: [{path: mine.yaml, optional: true}]}');
  expect(refusals).toEqual([]);
  expect(parse(text)).toEqual({ spack: { specs: ['zlib'] } });
});
