import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildFile, catalogPath, manifestFile, specFile } from '../../site/lib/catalog/catalog-files.ts';
import { Build } from '../../site/schemas/build.ts';
import { Health } from '../../site/schemas/checks/health.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { Node } from '../../site/schemas/node.ts';
import { Package } from '../../site/schemas/package.ts';

/** Markup, quotes, Astro's own syntax, right-to-left text, an override of direction, and a very long word. */
export const HOSTILE = [
  '<script>window.hostile = 1</script>',
  '"><img src=x onerror="window.hostile = 1">',
  "'--></style></title><svg onload=window.hostile=1>",
  '__ASTRO_IMAGE_/etc/passwd',
  '{"collection":"specs","id":"-"}',
  '${window.hostile = 1} {{7*7}} &lt;b&gt;',
  'עברית عربى',
  '\u202eevil\u202c',
  'x'.repeat(400),
].join(' ');

export const FINGERPRINT = 'FF812714F6D64D5FC414EC652E6EF459923242D9';

/**
 * Writes a signed catalog of three dependent builds, a failure and an environment, with hostile text wherever
 * a schema allows text.
 */
export async function writeHostileCatalog(directory: string): Promise<void> {
  const files = [0, 1, 2].flatMap((index) => catalogFiles(index));
  files.push({
    path: catalogPath('keys', FINGERPRINT),
    content: `-----BEGIN PGP PUBLIC KEY BLOCK-----\n${HOSTILE}\n`,
  });
  files.push(...historyFiles());
  for (const { path, content } of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

/** Creates failures, environments, statistics and removed builds. */
function historyFiles(): { path: string; content: string }[] {
  const name = nameOf(0);
  const failure = Failure.parse({
    name,
    spec: HOSTILE,
    target: HOSTILE,
    kind: 'other',
    phase: HOSTILE,
    log: [HOSTILE, `\u001b[31m${HOSTILE}`],
    run: 'https://example.org/%22%3E%3Cscript%3E',
    date: '2026-11-23T07:40:00Z',
  });
  const [root, missing] = [nodeOf(0), { ...nodeOf(0), name: 'missing', hash: 'd'.repeat(32) }];
  const lock = {
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots: [root, missing].map(({ hash }) => ({ hash, spec: HOSTILE })),
    concrete_specs: { [root.hash]: root, [missing.hash]: missing },
  };
  const removed = {
    name,
    version: HOSTILE,
    hash: 'e'.repeat(32),
    stays: [{ published: '2026-10-23T07:40:00Z', removed: '2026-11-23T07:40:00Z', reason: HOSTILE }],
  };
  return [
    { path: `failures/${name}/1-2.json`, content: JSON.stringify(failure) },
    { path: 'environments/constructor.lock.json', content: JSON.stringify(lock) },
    { path: 'environments/constructor.yaml', content: `spack: # ${HOSTILE}\n` },
    { path: 'checks/doctor.json', content: JSON.stringify(hostileHealth()) },
    { path: `removed/${removed.hash}.json`, content: JSON.stringify(removed) },
    { path: 'stats/2026-11.json', content: JSON.stringify({ month: '2026-11', builds: 3, failures: 1 }) },
    {
      path: 'cache.json',
      content: JSON.stringify({ registry: 'registry.example.org/owner/cache', repository: 'owner/<i>repo' }),
    },
  ];
}

function hostileHealth(): Health {
  return Health.parse({
    date: '2026-11-23T07:40:00Z',
    deep: true,
    problems: 1,
    warnings: 0,
    checks: [
      { subject: 'site', name: HOSTILE.slice(0, 100), checked: 3, total: 4, note: HOSTILE.slice(0, 500) },
    ],
    findings: [
      {
        code: 'site-blob-missing',
        severity: 'problem',
        subject: 'site',
        where: HOSTILE.slice(0, 1_000),
        expected: HOSTILE,
        found: HOSTILE,
        advice: HOSTILE,
      },
    ],
  });
}

function catalogFiles(index: number): { path: string; content: string }[] {
  const node = nodeOf(index);
  return [
    { path: specFile(node), content: JSON.stringify(node) },
    { path: buildFile(node), content: JSON.stringify(buildOf(node)) },
    { path: manifestFile(node), content: `-----BEGIN PGP SIGNED MESSAGE-----\n${HOSTILE}` },
    { path: `packages/${node.name}.json`, content: JSON.stringify(packageOf(node)) },
  ];
}

function nodeOf(index: number): Node {
  return Node.parse({
    name: nameOf(index),
    // A version is part of file names, whose length is limited.
    version: `${index}.0 ${HOSTILE.slice(0, 90)}`,
    arch: { platform: HOSTILE, platform_os: HOSTILE, target: index === 0 ? HOSTILE : { name: HOSTILE } },
    namespace: HOSTILE,
    parameters: {
      [HOSTILE]: HOSTILE,
      list: [HOSTILE, `${index}`],
      [`on ${HOSTILE}`]: true,
      cflags: [HOSTILE],
    },
    package_hash: HOSTILE,
    dependencies:
      index === 0
        ? []
        : [
            {
              name: nameOf(index - 1),
              hash: hashOf(index - 1),
              parameters: { deptypes: ['link'], virtuals: ['c', HOSTILE] },
            },
          ],
    hash: hashOf(index),
  });
}

function buildOf({ name, version, hash }: Node): Build {
  const blob = { digest: `sha256:${'0123456789abcdef'.repeat(4)}`, size: 1234 };
  return Build.parse({
    name,
    version,
    hash,
    published: '2026-11-23T07:40:00Z',
    tarball: { ...blob, uncompressedDigest: blob.digest, installedSize: 5678, files: 9 },
    contents: {
      prefix: `/${HOSTILE}`,
      programs: Array(300).fill(HOSTILE),
      libraries: [HOSTILE],
      glibc: '2.36',
    },
    image: { tag: `${name}-0-${hash}.spack`, digest: blob.digest, size: 99, config: blob, runnable: true },
    origin: {
      run: 'https://example.org/%22%3E%3Cscript%3E',
      spack: HOSTILE,
      packages: HOSTILE,
      runner: HOSTILE,
      container: HOSTILE,
    },
  });
}

function packageOf({ name }: Node): Package {
  return Package.parse({
    name,
    description: HOSTILE,
    homepage: 'https://example.org/"onmouseover="window.hostile=1',
    licenses: [HOSTILE],
    maintainers: [HOSTILE],
    tags: [HOSTILE],
  });
}

/** Names that are also those of pages and of properties of every object. */
function nameOf(index: number): string {
  return ['constructor', 'index', '__proto__'][index] ?? 'other';
}

function hashOf(index: number): string {
  return 'abc'.charAt(index).repeat(32);
}
