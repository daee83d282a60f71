import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { externalKey } from './environment-packages.ts';
import { adaptEnvironment } from './adapt-environment.ts';

/** Adapts an environment of a repository with some more files. */
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

test('leaves an environment without settings of a machine unchanged, including comments', () => {
  const text = 'spack:\n  # ours\n  specs: [zlib]\n  view: true\n  config: {build_jobs: 4}\n';
  expect(adapt(text)).toEqual({ text, notes: [], refusals: [], externals: [] });
});

test('removes settings of the owner’s machine, reports each, and keeps the rest', () => {
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
    'mirrors:open: matching binaries are taken from https://binaries.spack.io/develop and published here, too',
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

test('creates no view when the only one was outside', () => {
  const { text, notes } = adapt('spack: {specs: [], view: /apps/v}');
  expect(parse(text)).toEqual({ spack: { specs: [], view: false } });
  expect(notes).toEqual([expect.stringContaining('view: /apps/v is not used')]);
});

test.each([
  ['a list, as before Spack 1.0', '{url: s3://b, access_pair: [me, secret]}'],
  ['a token', '{url: "oci://r/x", fetch: {url: "oci://r/x", access_token: secret}}'],
  ['a password in its address', 'https://me:secret@example.org/cache'],
])('refuses a mirror whose credentials are in the file, without saying them: %s', (_, mirror) => {
  const { refusals } = adapt(`spack: {specs: [], mirrors: {ours: ${mirror}}}`);
  expect(refusals).toEqual([expect.stringMatching(/^mirrors:ours has credentials that everybody can read/)]);
  expect(refusals.join()).not.toContain('secret');
});

// The list that Spack's own action for GitHub proposes: HERACLES++, KWIVER, Sirocco and many others.
test('leaves out mirrors that need credentials or are folders of another machine, and reports the use of others', () => {
  const { text, notes, refusals } = adapt(`spack:
  specs: [zlib]
  mirrors:
    local-buildcache:
      url: oci://ghcr.io/group/spack-buildcache
      signed: false
      access_pair: {id_variable: GITHUB_USER, secret_variable: GITHUB_TOKEN}
    bucket: {url: "s3://group"}
    profile: {url: "https://example.org", profile: group}
    perlmutter: /global/common/software/mirrors/perlmutter-e4s-21.05
    files: file:///scratch/mirror
    here: {url: file:///etc, autopush: true}
    open: {fetch: https://binaries.spack.io/develop, push: {url: "s3://spack", access_pair: {id: me, secret_variable: S}}}
`);
  expect(refusals).toEqual([]);
  const { mirrors } = parse(text).spack as { mirrors: Record<string, unknown> };
  expect(Object.keys(mirrors)).toEqual(['here', 'open']);
  expect(mirrors['here']).toEqual({ url: 'file:///etc' });
  expect(notes).toEqual([
    "mirrors:local-buildcache is not used: it needs credentials (access_pair), which builds must not have, since they run other people's scripts; its packages are built here",
    'mirrors:bucket is not used: s3://group needs libraries and credentials that builds do not have; its packages are built here',
    expect.stringMatching(/^mirrors:profile is not used: it needs credentials \(profile\)/),
    'mirrors:perlmutter is not used: the folder /global/common/software/mirrors/perlmutter-e4s-21.05 is not here; its packages are built here',
    expect.stringMatching(/^mirrors:files is not used: the folder \/scratch\/mirror is not here/),
    expect.stringMatching(/^mirrors:here: matching binaries are taken from file:\/\/\/etc and/),
    'mirrors:here:autopush is not used: builds are published in this cache',
    expect.stringMatching(
      /^mirrors:open: matching binaries are taken from https:\/\/binaries.spack.io\/develop and/,
    ),
  ]);
});

// Sections from the environments of C2SM and NCAR for their machines.
test('does not let sections replace the settings of this cache with Spack’s "::"', () => {
  const { text, notes } = adapt(`spack:
  specs: [zlib]
  'compilers:': [{compiler: {spec: gcc@11.4.0}}]
  config::
    install_tree:: {root: /opt/spack}
    build_jobs: 4
  packages::
    all:
      providers:
        'mpi:': [mpich]
`);
  expect(parse(text)).toEqual({
    spack: {
      specs: ['zlib'],
      config: { build_jobs: 4 },
      packages: { all: { providers: { 'mpi:': ['mpich'] } } },
    },
  });
  expect(notes.map((note) => note.replace(/ is not used.*/, ''))).toEqual([
    'compilers',
    'config:install_tree',
  ]);
});

// Packages from the environments of NERSC, LLNL and E4S for their machines.
test('builds packages that only another machine has, and keeps externals that are here', () => {
  const { text, notes } = adapt(`spack:
  specs: [zlib]
  packages:
    all:
      compiler: [gcc@7.5.0]
      providers: {mpi: [mpich]}
    mpich:
      buildable: false
      externals: [{spec: mpich@3.4, modules: [cray-mpich/8.1.4]}]
    cuda:
      buildable: false
      externals: [{spec: cuda@12, prefix: /opt/nvidia/none}, {spec: cuda@11, prefix: /opt/nvidia/none-11}]
    cmake:
      buildable: false
      version: [3.14.5]
      paths: {cmake@3.14.5: /usr/tce/packages/cmake/cmake-3.14.5}
    python:
      version: [3.13, 3.10]
      externals: [{spec: python@3.10+ssl, prefix: /apps/python}]
    tar:
      buildable: false
      externals: [{spec: tar@1.34, prefix: /usr}, {spec: tar@1.35, prefix: /apps/tar}]
    gcc:
      buildable: false
      externals: [{spec: "gcc@7.5.0 languages='c,c++'", prefix: /usr/}]
    openblas:
      buildable: false
`);
  expect(parse(text)).toEqual({
    spack: {
      specs: ['zlib'],
      packages: {
        gcc: { buildable: false },
        all: { providers: { mpi: ['mpich'] } },
        mpich: {},
        cuda: {},
        // Spack fails on a preferred version that neither a recipe nor an external has.
        cmake: {},
        python: { version: [3.13] },
        tar: { buildable: false, externals: [{ spec: 'tar@1.34', prefix: '/usr' }] },
        openblas: { buildable: false },
      },
    },
  });
  expect(notes).toEqual([
    'packages:all:compiler is not used: Spack 1.0 and newer ignore it; write %gcc@13 after a spec, or use packages:c:require',
    'packages:gcc: the one in /usr is used, in the version installed here, regardless of the environment',
    'packages: externals that are not here are not used; these packages are built instead: mpich (the module cray-mpich/8.1.4), ' +
      'cuda (/opt/nvidia/none and 1 more), cmake (/usr/tce/packages/cmake/cmake-3.14.5), python (/apps/python), tar (/apps/tar)',
    'packages: taken from the runner: tar; machines that install from this cache need the same in the same place',
  ]);
});

// The environment of NERSC from 2021, and that of NCEPLIBS-bufr, which Spack refuses without its py-numpy.
test('builds packages that /usr does not have, or has in another version than the environment says', () => {
  const text = `spack:
  specs: [zlib]
  packages:
    py-numpy: {buildable: false, externals: [{spec: py-numpy@1.21.5, prefix: /usr}]}
    openssl: {buildable: false, externals: [{spec: openssl@1.1.1g, prefix: /usr/}]}
    tar: {buildable: false, externals: [{spec: tar, prefix: /usr}]}
    slurm: {buildable: false, version: [20-11-5-1], externals: [{spec: slurm, prefix: /usr}]}
    zlib: {externals: [{spec: zlib@1.2, prefix: /usr}]}
`;
  const { externals } = adapt(text);
  expect(externals.map(({ spec }) => spec)).toEqual([
    'py-numpy@1.21.5',
    'openssl@1.1.1g',
    'tar',
    'slurm',
    'zlib@1.2',
  ]);
  const found = ['missing', '3.0.19', 'here', 'missing', 'unknown'];
  const states = new Map(externals.map((external, at) => [externalKey(external), found[at] ?? '']));
  const adapted = adaptEnvironment(text, { file: '/nowhere/stack.yaml', root: '/nowhere', states });
  expect(parse(adapted.text).spack.packages).toEqual({
    'py-numpy': {},
    openssl: {},
    tar: { buildable: false, externals: [{ spec: 'tar', prefix: '/usr' }] },
    // Spack fails on a preferred version that neither a recipe nor an external has.
    slurm: {},
    zlib: { externals: [{ spec: 'zlib@1.2', prefix: '/usr' }] },
  });
  expect(adapted.notes).toEqual([
    'packages: externals that are not here are not used; these packages are built instead: py-numpy (/usr), openssl (/usr/ has 3.0.19), slurm (/usr)',
    'packages: taken from the runner: tar, zlib; machines that install from this cache need the same in the same place',
    'packages: Spack cannot check whether these are here, and trusts the environment: zlib@1.2 (/usr)',
  ]);
});

// Found in environments of CUP-ECS and of E4S from 2021.
test.each([
  ['together', true],
  ['separately', false],
  ['together where possible', 'when_possible'],
])('reads what environments said before Spack 0.18: %s', (word, unify) => {
  const { text, notes } = adapt(`spack:\n  specs: [zlib]\n  concretization: ${word}\n`);
  expect(parse(text)).toEqual({ spack: { specs: ['zlib'], concretizer: { unify } } });
  expect(notes).toHaveLength(1);
});

test('takes Spack’s own recipes only from the settings', () => {
  const named = adapt('spack: {specs: [], repos: {builtin: {tag: v2025.07.0}}}');
  expect(parse(named.text)).toEqual({ spack: { specs: [] } });
  expect(named.notes).toEqual([
    'repos:builtin is not used: the setting "packages" of this cache chooses the recipes of Spack',
  ]);
  const listed = adapt(
    'spack: {specs: [], repos: [https://example.org/a.git, $spack/var/spack/repos/builtin]}',
  );
  expect(parse(listed.text)).toEqual({ spack: { specs: [], repos: ['https://example.org/a.git'] } });
  expect(listed.notes).toEqual([
    expect.stringMatching(/^repos: \$spack\/var\/spack\/repos\/builtin is not used/),
    expect.stringContaining('these recipes come from the network, https://example.org/a.git'),
  ]);
});

test('refuses packages that are developed in a folder that is not here', () => {
  const { refusals } = adapt('spack: {specs: [], develop: {mine: {path: /home/me/mine, spec: mine@1}}}');
  expect(refusals).toEqual([
    expect.stringMatching(/^develop \(mine\) builds from a folder whose path becomes part of the DAG hash/),
  ]);
});

test('merges includes from the repository: own settings first, then earlier includes', () => {
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

test('reports what comes from the network, and leaves it to Spack', () => {
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
  ['include: [/apps/site.yaml]', 'include: /apps/site.yaml is on your machine: '],
  ['include: [$HOME/site.yaml]', 'include: $HOME/site.yaml is on your machine: '],
  [
    'include: [../../../elsewhere/hostname]',
    'include: ../../../elsewhere/hostname is outside this repository',
  ],
  [
    'include: [{path: ../../../list.yaml, when: "os == \'x\'"}]',
    'include: ../../../list.yaml has a condition (when)',
  ],
  ['include: [../../../list.yaml]', 'include: list.yaml: expected settings of Spack'],
  ['include: [../../../circle.yaml]', 'expected files that include each other at most 8 deep'],
  ['include: {a: b}', 'expected a list of files as include'],
  ['include_concrete: [../other]', 'include_concrete (../other) uses the lock of another environment'],
  ['repos: {ours: ./recipes}', 'repos:ours: ./recipes is a folder of recipes: remove it, and name'],
  ['repos: [/apps/recipes]', 'repos: /apps/recipes is a folder of recipes'],
])('names what is not there, and what to do: %s', (line, sentence) => {
  const files = { 'list.yaml': '[1, 2]\n', 'circle.yaml': 'include: [circle.yaml]\n' };
  const { refusals } = adapt(`spack:\n  specs: [zlib]\n  ${line}\n`, files);
  expect(refusals).toEqual([expect.stringContaining(sentence)]);
});

test('ignores a missing optional file', () => {
  const { text, refusals } = adapt('spack: {specs: [zlib], include: [{path: mine.yaml, optional: true}]}');
  expect(refusals).toEqual([]);
  expect(parse(text)).toEqual({ spack: { specs: ['zlib'] } });
});
