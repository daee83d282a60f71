import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostileCache } from '../../tests/world/hostile-cache.ts';
import type { SolvedFailure } from '../../site/schemas/build-record.ts';
import type { MatrixEntry } from '../../site/schemas/build-request.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { openArtifactFolder } from './build-artifact.ts';
import { parseMatrix } from './plan-folder.ts';
import { receiveAll, type ReceivedRun } from './receive-all.ts';

const TREE = 'mgvrpqcayml2t34bqu5anstlc53ooayw';
const RECORD = { failures: [], packages: [], environments: {}, built: [], reused: [] };
const ENVIRONMENT = {
  SOURCE_DATE_EPOCH: '1790000000',
  GITHUB_RUN_ID: '77',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'owner/repo',
};

let folder: string;
let cache: HostileCache;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'receive-'));
  cache = new HostileCache();
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  cache.remove();
});

test('publishes the builds of jobs, with an origin that comes only from the plan', async () => {
  const entries = [{ ...plan(0), container: 'quay.io/owner/image@sha256:ab' }, plan(1)];
  upload(0);
  upload(1);
  const { received, faults } = await receive(entries);
  expect(faults).toEqual([]);
  expect(received.map(({ newBuilds, again }) => [newBuilds.length, again])).toEqual([
    [12, 0],
    [0, 12],
  ]);
  expect(readCatalog(catalog()).builds.get(TREE)?.origin).toEqual({
    run: 'https://github.com/owner/repo/actions/runs/77',
    runner: 'ubuntu-24.04',
    container: 'quay.io/owner/image@sha256:ab',
    spack: 'v1.1.0',
    spackRelease: 'v1.1.0',
    packages: 'abc',
    release: 'v2026.06.0',
    target: 'x86_64_v3',
  });
});

test('records which builds a person requested, and not what those need', async () => {
  const entries = [plan(0, hashes(), undefined, { byHand: true })];
  upload(0);
  await receive(entries);
  const requested = [...readCatalog(catalog()).builds.values()].filter(({ origin }) => origin.byHand);
  expect(requested.map(({ hash, origin }) => [hash, origin.byHand])).toEqual([[TREE, 'tree']]);
});

test('records the spec of each root where a job builds several', async () => {
  const [other] = [...hashes()].filter((hash) => hash !== TREE);
  const roots = [
    { hash: TREE, spec: 'tree@2' },
    { hash: other ?? '', spec: 'another +shared' },
  ];
  const entries = [
    plan(0, hashes(), undefined, { byHand: true, specs: roots.map(({ spec }) => spec) }, roots),
  ];
  upload(0);
  await receive(entries);
  const { builds } = readCatalog(catalog());
  expect(roots.map(({ hash }) => builds.get(hash)?.origin.byHand)).toEqual(['tree@2', 'another +shared']);
});

test('turns a refused artifact into a failure, without affecting the others', async () => {
  const entries = [plan(0), plan(1)];
  upload(1);
  const [tarball] = cache.records('tree');
  writeFileSync(cache.blobPath(tarball), Buffer.alloc(tarball.contentLength));
  upload(0);
  const { received } = await receive(entries);
  expect(received[0]?.refused).toMatch(/expected/);
  expect(received.map(({ newBuilds }) => newBuilds.length)).toEqual([0, 12]);
  expect(received[0]?.failures[0]).toMatchObject({
    kind: 'refused',
    target: 'x86_64_v3',
    spec: 'tree',
    run: 'https://github.com/owner/repo/actions/runs/77',
  });
});

test('refuses a node that differs from the lock of the plan, regardless of its hash', async () => {
  const entries = [plan(0), plan(1)];
  upload(1);
  // An external of the fixture with an unverifiable hash.
  cache.editSpecFile('tree', (text) => text.replace('"path":"/usr"', '"path":"/opt"'));
  upload(0);
  const { received, faults } = await receive(entries);
  expect(faults).toEqual([]);
  expect(received[0]?.refused).toMatch(/expected .*(?:as in the plan's lock, found different text|hash)/);
  expect(received[1]?.newBuilds).toHaveLength(12);
});

test('keeps the end of a long log', async () => {
  const log = Array.from({ length: 100 }, (_, at) => `${at} ${'x'.repeat(1_000)}`);
  upload(0, { record: { ...RECORD, failures: [{ name: 'lz4', spec: '$(x)', kind: 'compile', log }] } });
  await receive([plan(0)]);
  const kept = failure('lz4', '77-0').log;
  expect(kept.at(-1)).toBe(log.at(-1));
  expect(Buffer.byteLength(kept.join('\n'))).toBeLessThanOrEqual(16 * 1024);
});

test('refuses builds that were not planned', async () => {
  const entry = plan(0, [TREE]);
  upload(0);
  const { received } = await receive([entry]);
  expect(received[0]?.refused).toMatch(/plan/);
  expect(failure('tree', TREE).kind).toBe('refused');
  expect(existsSync(join(catalog(), 'builds'))).toBe(false);
});

test('refuses a plan that a build replaced', async () => {
  const entry = plan(0, [TREE]);
  writeFileSync(join(folder, 'plans/0/plan.txt'), [...hashes()].join('\n'));
  upload(0);
  const { faults } = await receive([entry]);
  expect(faults[0]).toMatch(/plan\.txt: expected the file that concretize wrote/);
  expect(existsSync(join(catalog(), 'builds'))).toBe(false);
});

test('records requests without a solution', async () => {
  const unsolved = {
    name: 'hdf5',
    spec: 'hdf5@99',
    target: 'x86_64_v3',
    kind: 'concretize' as const,
    log: ['no'],
  };
  await receive([], [unsolved]);
  expect(failure('hdf5', '77-unsolved-0')).toMatchObject({ ...unsolved, run: expect.stringMatching(/77$/) });
});

test('keeps the lock of an environment', async () => {
  await receive([plan(0, hashes(), 'stack')]);
  expect(readCatalog(catalog()).environments.get('stack')).toEqual([TREE]);
});

test('records no lock of an environment that was changed or removed meanwhile', async () => {
  await receive([plan(0, hashes(), 'stack')], [], ENVIRONMENT, new Set(['stack']));
  expect(readCatalog(catalog()).environments.size).toBe(0);
});

test('records the build times that the job measured, and refuses impossible ones', async () => {
  const times = { total: 12.5, phases: [{ name: 'build', seconds: 10 }] };
  upload(0, { record: { ...RECORD, times: { [TREE]: times } } });
  await receive([plan(0)]);
  expect(readCatalog(catalog()).builds.get(TREE)?.times).toEqual(times);
  upload(1, { record: { ...RECORD, times: { [TREE]: { ...times, total: -1 } } } });
  expect((await receive([plan(1)])).received[0]?.refused).toMatch(/record\.json: expected/);
});

test('says that the option --matrix has no jobs', () => {
  expect(() => parseMatrix('')).toThrow(
    "--matrix: expected a run's jobs as JSON, found text that is not JSON; give it the output `matrix` of gather",
  );
  expect(() => parseMatrix('{}')).toThrow(/^--matrix: expected a run's jobs as JSON, found at "include": /);
});

test('records a job that uploaded nothing', async () => {
  const { received } = await receive([plan(0)]);
  expect(received[0]?.failures).toHaveLength(1);
  expect(failure('tree', TREE)).toMatchObject({
    kind: 'lost',
    log: [expect.stringMatching(/uploaded nothing/)],
  });
});

test('takes the second job in a row that uploaded nothing for a failure of the build', async () => {
  const first = { ...ENVIRONMENT, GITHUB_RUN_ID: '78' };
  const kinds = [];
  // The last one publishes again.
  for (const environment of [first, first, ENVIRONMENT, ENVIRONMENT]) {
    await receive([plan(0)], [], environment);
    kinds.push(failure('tree', TREE).kind);
  }
  expect(kinds).toEqual(['lost', 'lost', 'unknown', 'unknown']);
});

test('records a failure once, however often its run publishes', async () => {
  const first = { ...ENVIRONMENT, GITHUB_RUN_ID: '78' };
  const dates = [];
  for (const [environment, time] of [
    [first, '1790000001'],
    [first, '1790000002'],
    [ENVIRONMENT, '1790000003'],
  ] as const) {
    await receive([plan(0)], [], { ...environment, SOURCE_DATE_EPOCH: time });
    dates.push(Date.parse(failure('tree', TREE).date) / 1_000);
  }
  expect(dates).toEqual([1_790_000_001, 1_790_000_001, 1_790_000_003]);
});

test('uses the artifact of the latest attempt', async () => {
  const entry = plan(0);
  upload(0, { attempt: 2 });
  rmSync(join(cache.directory, 'v3'), { recursive: true });
  upload(0, { attempt: 1 });
  const { received } = await receive([entry]);
  expect(received[0]?.newBuilds).toHaveLength(12);
});

test('ignores an artifact of a future attempt', async () => {
  const entry = plan(0);
  upload(0, { attempt: 7 });
  const { received } = await receive([entry], [], { ...ENVIRONMENT, GITHUB_RUN_ATTEMPT: '1' });
  expect(received[0]?.newBuilds).toHaveLength(0);
  expect(failure('tree', TREE).log[0]).toMatch(/uploaded nothing/);
});

test('records only failures and packages in the plan', async () => {
  const entry = plan(0);
  const log = ['::set-output name=x::y', 'error \u202e\u001b[1m'];
  upload(0, {
    record: {
      ...RECORD,
      failures: [
        { name: 'lz4', spec: 'lz4@99', kind: 'compile', phase: 'build', log },
        { name: 'zlib', spec: 'zlib', kind: 'compile', log },
        { name: 'tree', spec: 'tree', hash: TREE, kind: 'compile', log },
      ],
      packages: [
        {
          name: 'tree',
          description: 'Lists.',
          licenses: [],
          maintainers: [],
          tags: [],
          commitDate: '2099-01-01T00:00:00Z',
        },
        { name: 'zlib', description: 'Not planned.', licenses: [], maintainers: [], tags: [] },
      ],
    },
  });
  await receive([entry]);
  expect(readdirSync(join(catalog(), 'failures'))).toEqual(['lz4']);
  const [first, last] = failure('lz4', '77-0').log;
  expect([first, last]).toEqual([log[0], String.raw`error \u202e\u001b[1m`]);
  // Not the build's own text, which a page would show as a command.
  expect(failure('lz4', '77-0')).toMatchObject({ kind: 'compile', phase: 'build', spec: 'lz4' });
  expect(readdirSync(join(catalog(), 'packages'))).toEqual(['tree.json']);
  expect(readFileSync(join(catalog(), 'packages/tree.json'), 'utf8')).not.toMatch('2099');
});

test('accepts the record of a job that built nothing: an artifact has no empty folders', async () => {
  const failures = [{ name: 'tree', spec: 'tree', hash: TREE, kind: 'fetch', log: ['no network'] }];
  upload(0, { record: { ...RECORD, failures } });
  rmSync(join(folder, 'artifacts/build-0-1/cache'), { recursive: true });
  const { received } = await receive([plan(0)]);
  expect(received[0]?.refused).toBeUndefined();
  expect(failure('tree', TREE)).toMatchObject({ kind: 'fetch', log: ['no network'] });
});

test('refuses links in place of files and folders', async () => {
  upload(0);
  upload(1);
  rmSync(join(folder, 'artifacts/build-0-1/cache'), { recursive: true });
  symlinkSync('../build-1-1/cache', join(folder, 'artifacts/build-0-1/cache'));
  expect((await receive([plan(0)])).received[0]?.refused).toMatch(/cache: expected a folder/);
  rmSync(join(folder, 'artifacts/build-1-1/record.json'));
  symlinkSync('/etc/passwd', join(folder, 'artifacts/build-1-1/record.json'));
  expect((await receive([plan(1)])).received[0]?.refused).toMatch(/record\.json: expected a file/);
});

test('refuses an invalid record', async () => {
  for (const [index, record] of [{ ...RECORD, token: 'x' }, 'text'].entries()) {
    const entry = plan(index);
    upload(index, { record });
    expect((await receive([entry])).received[0]?.refused).toMatch(/record\.json: expected/);
  }
});

test('removes the failure of a spec that was built later', async () => {
  await receive([plan(0)]);
  expect(failure('tree', TREE).kind).toBe('lost');
  upload(0);
  await receive([plan(0)]);
  expect(existsSync(join(catalog(), 'failures/tree', `${TREE}.json`))).toBe(false);
});

test('adopts images pushed by a run that was killed before it could commit', async () => {
  upload(0);
  await receive([plan(0)]);
  const before = readCatalog(catalog());
  rmSync(catalog(), { recursive: true });
  const { received } = await receive([plan(0)]);
  expect(received[0]?.newBuilds).toHaveLength(12);
  for (const [hash, build] of readCatalog(catalog()).builds) expect(build).toEqual(before.builds.get(hash));
});

function receive(
  entries: MatrixEntry[],
  unsolved: SolvedFailure[] = [],
  environment: Record<string, string> = ENVIRONMENT,
  changed: ReadonlySet<string> = new Set(),
): Promise<ReceivedRun> {
  return receiveAll(
    entries,
    {
      plans: join(folder, 'plans'),
      artifacts: openArtifactFolder(
        join(folder, 'artifacts'),
        Number(environment['GITHUB_RUN_ATTEMPT'] ?? Infinity),
      ),
      views: folder,
      changed,
    },
    {
      registry: openRegistry(`oci-layout:${join(folder, 'registry')}`),
      catalogDirectory: catalog(),
      signer: undefined,
      environment,
    },
    unsolved,
  );
}

/** Writes the plan of a job that has to build tree, as concretize does. */
function plan(
  index: number,
  planned: Iterable<string> = hashes(),
  environment?: string,
  more = {},
  roots = [{ hash: TREE, spec: 'tree' }],
): MatrixEntry {
  const nodes = nodesOf(new HostileCache());

  const write = (name: string, content: string): string => {
    mkdirSync(join(folder, 'plans', String(index)), { recursive: true });
    writeFileSync(join(folder, 'plans', String(index), name), content);
    return createHash('sha256').update(content).digest('hex');
  };
  const lock = {
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots,
    concrete_specs: Object.fromEntries(nodes.map((node) => [node.hash, node])),
  };
  const request = {
    release: 'v2026.06.0',
    index,
    specs: ['tree'],
    target: 'x86_64_v3',
    fresh: false,
    container: false,
    flags: [],
    ...(environment === undefined ? {} : { environment }),
    ...more,
  };
  const inputs = {
    request,
    microarchitecture: 'x86_64_v3',
    spack: 'v1.1.0',
    spackRelease: 'v1.1.0',
    packages: 'abc',
    repositories: [],
    files: {},
  };
  return {
    index,
    target: 'x86_64_v3',
    runner: 'ubuntu-24.04',
    container: '',
    plan: write('plan.txt', [...planned, ''].join('\n')),
    lock: write('spack.lock', JSON.stringify(lock)),
    inputs: write('inputs.json', JSON.stringify(inputs)),
  };
}

function upload(index: number, { record = RECORD as unknown, attempt = 1 } = {}): void {
  const artifact = join(folder, `artifacts/build-${index}-${attempt}`);
  cpSync(cache.directory, join(artifact, 'cache'), { recursive: true });
  writeFileSync(join(artifact, 'record.json'), typeof record === 'string' ? record : JSON.stringify(record));
}

function hashes(): Set<string> {
  const names = readdirSync(join(cache.directory, 'v3/manifests/spec'), {
    recursive: true,
    encoding: 'utf8',
  });
  return new Set(names.flatMap((name) => /-([a-z2-7]{32})\.spec\.manifest\.json$/.exec(name)?.[1] ?? []));
}

/** Every node of a cache, with the text in its spec files. */
function nodesOf(original: HostileCache): { hash: string }[] {
  const specs = join(original.directory, 'v3/manifests/spec');
  const files = readdirSync(specs, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  );
  const nodes = files.flatMap((file) => {
    const { data } = JSON.parse(readFileSync(join(specs, file), 'utf8'));
    const text = gunzipSync(readFileSync(original.blobPath(data[1]))).toString();
    return JSON.parse(text).spec.nodes as { hash: string }[];
  });
  original.remove();
  return nodes;
}

function failure(name: string, stem: string): Failure {
  return Failure.parse(JSON.parse(readFileSync(join(catalog(), 'failures', name, `${stem}.json`), 'utf8')));
}

function catalog(): string {
  return join(folder, 'catalog');
}
