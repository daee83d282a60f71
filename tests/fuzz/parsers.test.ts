import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import glob from 'fast-glob';
import { describe, expect, test } from 'vitest';
import { findSpecBlobs, unpackSpecFile } from '../../scripts/build-cache/build-cache.ts';
import { parsePlainYaml } from '../../scripts/build-cache/plain-yaml.ts';
import { parseSpecFile } from '../../scripts/build-cache/spec-file.ts';
import { parseInstallEvents } from '../../scripts/build/install-events.ts';
import { parseSettingsFile } from '../../scripts/cli/owner-settings.ts';
import { classify } from '../../scripts/challenge/classify.ts';
import { splitSpecs } from '../../scripts/choose/split-specs.ts';
import { parseImageReference, parseReference } from '../../scripts/oci/registry.ts';
import { describeManifest, parseImageManifest, parseIndex } from '../../scripts/oci/manifest.ts';
import { parseChallenge } from '../../scripts/oci/registry-client.ts';
import { parseAllowedHashes } from '../../scripts/concretize/plan-files.ts';
import { readPublicKeys } from '../../site/lib/spack/public-key.ts';
import { splitSigned, verifyManifest } from '../../site/lib/spack/signed-manifest.ts';
import { parsePaste } from '../../site/client/machine/paste.ts';
import { parseEntry } from '../../site/lib/catalog/catalog-files.ts';
import { parsePin, parseSnapshot } from '../../site/lib/catalog/kept-builds.ts';
import { parseJson } from '../../site/lib/json.ts';
import { parseQuery, queryParts } from '../../site/lib/search/search-query.ts';
import { joinObject, splitNodes, splitObject } from '../../site/lib/spack/node-text.ts';
import { parseVersionRanges } from '../../site/lib/spack/version-ranges.ts';
import { parseYaml } from '../../site/lib/yaml.ts';
import { BuildRecord } from '../../site/schemas/build-record.ts';
import { BuildRequest } from '../../site/schemas/build-request.ts';
import { Build } from '../../site/schemas/build.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { printable } from '../../scripts/cli/command.ts';
import { isSafeText } from '../../site/schemas/safe-text.ts';
import { DifferenceCause } from '../../site/schemas/checks/reproduction.ts';
import { makeTar } from '../world/tar-maker.ts';
import { judge } from '../world/own-verdict.ts';
import { CASES, holds, mutated, mutatedBytes, parseOrRefuse, SEED } from './fuzz.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const read = (pattern: string): string[] =>
  glob.sync(pattern, { cwd: FIXTURES }).map((path) => readFileSync(join(FIXTURES, path), 'utf8'));

const signed = read('cache-signed/v3/manifests/spec/**/*.json');
const manifests = read('cache-unsigned/v3/manifests/spec/**/*.json');
const keys = read('cache-signed/v3/manifests/key/*.json');
const blobs = glob
  .sync('cache-{unsigned,signed}/blobs/*/*/*', { cwd: FIXTURES })
  .map((path) => readFileSync(join(FIXTURES, path)));
const specFiles = blobs
  .filter((bytes) => bytes[0] === 0x1f)
  .flatMap((bytes) => {
    try {
      const text = unpackSpecFile(bytes, 'spec');
      return text.startsWith('{') ? [text] : [];
    } catch {
      return [];
    }
  });
const armored = blobs.map(String).filter((text) => text.includes('BEGIN PGP PUBLIC KEY'));
const oldSpecFiles = read('old-spec-files/*.spec.json');
const locks = read('real-nodes/x86*.lock.json').map((text) => text.slice(0, 40_000));
const images = read('oci-by-spack/blobs/sha256/*').filter((text) => text.includes('schemaVersion'));
const indexes = read('oci-by-spack/index.json');
const node = splitNodes(specFiles[0] ?? '').map(String);
const failure = JSON.stringify({
  name: 'zlib',
  spec: 'zlib@1.3',
  kind: 'compile',
  log: ['a', 'b'],
  date: '2026-11-29T00:00:00Z',
});
const record = JSON.stringify({
  failures: [{ name: 'a', spec: 'a', kind: 'other', log: [] }],
  packages: [],
  environments: {},
  built: [],
  reused: [],
});
/** Files of the kinds that challenge compares. */
const payloadFiles = [
  ...blobs.slice(0, 4).map((bytes) => bytes.subarray(0, 4_000)),
  readFileSync(process.execPath).subarray(0, 6_000),
  Buffer.from(
    `!<arch>\n${['x.o/', 'y.o/'].map((name) => `${name.padEnd(16)}0           0     0     100644  4         \`\ncode`).join('')}`,
  ),
  makeTar({ name: 'a', content: 'text' }, { name: 'b', content: 'more' }),
  gzipSync('built 2026-11-28T10:11:12Z by user=alice on hostname: builder-1 with -j4 -march=zen4\n'),
  Buffer.from('PK\x03\x04\x14\0\0\0\0\0abcdCRC-PK\x01\x02\x14\0\x14\0\0\0\0\0abcd', 'latin1'),
];
const SPECS = [
  'hdf5@1.14.5+mpi~cxx ^openmpi %gcc@12 target=zen3',
  'zlib "py-numpy cflags=\'-O2 -g\'"\n/abcdef',
  'a@git.x=1.0,2:3 ^[virtuals=c] gcc',
];
const LISTING = [
  '-- linux-debian12-x86_64_v3 / no compilers -------\nzlib@1.3.1\nabcdefg hdf5@1.14 +mpi\n==> 3 installed',
  ...locks,
];
const SETTINGS = [
  readFileSync('.github/build-cache.yaml', 'utf8'),
  'targets:\n  a: {runner: ubuntu-latest}\n',
];
const PIN = ['reason: kept\nspecs: [zlib@1.3, hdf5]\n', `hashes: [${'a'.repeat(32)}]\nreason: x\n`];
const where = 'file.json';
const advice = 'restore it';

/** Every parser of untrusted text, with valid examples. */
const PARSERS: [name: string, corpus: string[], parse: (text: string) => unknown][] = [
  ['manifests of a mirror', manifests, (text) => findSpecBlobs(text, where)],
  ['clear-signed text', signed, (text) => splitSigned(text, where)],
  ['spec files', specFiles, (text) => parseSpecFile(text)],
  ['spec files of older versions', oldSpecFiles, (text) => parseSpecFile(text)],
  ['nodes', node, judge],
  ['manifests of images', images, (text) => parseImageManifest(text, where)],
  ['manifests of any kind', [...images, ...indexes], (text) => describeManifest(text, where)],
  ['indexes of images', indexes, (text) => parseIndex(describeManifest(text, where), where)],
  ['catalog files of builds', images, (text) => parseEntry('builds', { id: 'x', body: text }, Build)],
  [
    'catalog files of failures',
    [failure],
    (text) => parseEntry('failures', { id: 'x', body: text }, Failure),
  ],
  ['records of build jobs', [record], (text) => parseJson(text, BuildRecord, { where, advice })],
  ['requests', [record], (text) => parseJson(text, BuildRequest, { where, advice })],
  ['locks', locks, (text) => parseJson(text, LockFile, { where, advice })],
  ['settings', SETTINGS, (text) => parseSettingsFile(text, where)],
  ['YAML', [...SETTINGS, ...PIN], (text) => parseYaml(text, where)],
  ['pins', PIN, (text) => parsePin(text, where)],
  ['snapshots', PIN, (text) => parseSnapshot(text, where)],
  [
    'lists of hashes',
    [`${'a'.repeat(32)}\n\n${'b'.repeat(32)}\n`],
    (text) => parseAllowedHashes(text, where),
  ],
  [
    'events of an installation',
    [`{"hash":"${'a'.repeat(32)}","event":"start","time":1}\n`],
    parseInstallEvents,
  ],
  [
    'references of registries',
    ['ghcr.io/owner/repo', 'oci-layout:dir', 'http://127.0.0.1:5000/a/b'],
    parseReference,
  ],
  [
    'references of images',
    ['debian:12', `ghcr.io/a/b@sha256:${'0'.repeat(64)}`, 'localhost:5000/a:b'],
    parseImageReference,
  ],
  [
    'challenges of registries',
    ['Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull"'],
    parseChallenge,
  ],
  ['specs that people type', SPECS, splitSpecs],
  ['searches', SPECS, (text) => [parseQuery(text), queryParts(text)]],
  ['versions of a spec', ['1.2:1.4,=1.5', 'git.main=1.0'], parseVersionRanges],
  ['what is pasted from Spack', LISTING, parsePaste],
  ['public keys', armored, readPublicKeys],
];

describe(`parsers of untrusted text: ${CASES} cases each, seed ${SEED}`, () => {
  test.each(PARSERS)('%s are read or refused in a sentence', async (_, corpus, parse) => {
    expect(corpus.length).toBeGreaterThan(0);
    await holds(mutated(corpus), async (text) => {
      await parseOrRefuse(() => parse(text));
    });
  });

  test('YAML in a tarball is read or refused in a sentence', async () => {
    const corpus = ['buildpath: /a/b\nrelocate_links: [a, b]\n', 'a:\n- b\n- "c d"\ne: {f: 1}\n'];
    await holds(mutatedBytes(corpus.map((text) => Buffer.from(text))), async (bytes) => {
      await parseOrRefuse(() => parsePlainYaml(bytes));
    });
  });

  test('compressed spec files are read or refused in a sentence', async () => {
    await holds(mutatedBytes(blobs), async (bytes) => {
      await parseOrRefuse(() => unpackSpecFile(bytes, where));
    });
  });

  test('no changed text is accepted as signed', async () => {
    const good = new Set(signed.map((text) => text.trimEnd()));
    await holds(
      mutated(signed),
      async (text) => {
        const verified = await parseOrRefuse(() => verifyManifest(text, armored, where));
        // Accepted text is exactly the text that was signed.
        if (verified) expect([...good].some((one) => one.includes(verified.text))).toBe(true);
      },
      0.2,
    );
  });

  test('an object that is split and joined again is the same', async () => {
    await holds(mutated(node), (text) => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return;
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
      expect(JSON.parse(joinObject([...splitObject(text)]))).toEqual(value);
    });
  });

  test('a log shows any text on separate lines without control characters', async () => {
    await holds(mutated([...SPECS, 'a\n::set-output name=x::y\n  ##[group]z\n\u202e']), (text) => {
      const shown = printable(text);
      expect(shown.split('\n').every(isSafeText)).toBe(true);
      expect(
        shown
          .split('\n')
          .slice(1)
          .filter((line) => !line.startsWith('  | ')),
      ).toEqual([]);
      expect(shown).not.toContain('##[');
    });
  });

  test('the sample has the expected kinds', () => {
    for (const list of [
      signed,
      manifests,
      keys,
      specFiles,
      armored,
      oldSpecFiles,
      locks,
      images,
      indexes,
      node,
    ])
      expect(list.length).toBeGreaterThan(0);
  });
});

test('challenge finds a cause for any two files, and ends', () =>
  holds(fc.tuple(mutatedBytes(payloadFiles), mutatedBytes(payloadFiles)), ([first, second]) => {
    const cause = classify('lib/x', first, second, { first: ['/opt/a/'], second: ['/opt/b/'] });
    if (cause !== undefined) DifferenceCause.parse(cause);
  }));
