import { expect, test } from 'vitest';
import { classifyFailure, findFailures, parseErrors } from './failures.ts';
import type { InstallOutcome } from './failures.ts';
import type { StageLog } from './stage-log.ts';

const FETCH = 'ngwsrdw5bz42lc4uyz2i4mazkznvwaxu';
const COMPILE = 'ousjwvltribv7xgxmy4xfmzeisbgi325';
const DEPENDENT = 'wwkpzu3u6c7ed5rvsf25vxto4czezimc';

/** As Spack 1.2.0.dev0 printed it. */
const OUTPUT = `==> No binary for fails-fetch-1.0-${FETCH} found: installing from source
==> Error: FetchError: All fetchers failed for spack-stage-fails-fetch-1.0-${FETCH}
        http://127.0.0.1:1/fails-fetch-1.0.tar.gz: URLError: <urlopen error [Errno 111] Connection refused>
==> Installing fails-fetch-1.0-${FETCH} [7/14]
==> Warning: Skipping build of fails-dependent-1.0-${DEPENDENT} since fails-compile-1.0-${COMPILE} failed
`;
const CLOSING = `==> Error: fails-compile-1.0-${COMPILE}: ProcessError: Command exited with status 1:
    'gcc' 'main.c'
==> Error: fails-dependent-1.0-${DEPENDENT}: Package was not installed
==> Error: Installation request failed.  Refer to reported errors for failing package(s).
`;

function outcomeOf(changes: Partial<InstallOutcome>): InstallOutcome {
  const spec = (name: string, hash: string) => ({
    name,
    hash,
    spec: `${name}@1.0`,
    state: 'missing' as const,
  });
  return {
    output: OUTPUT + CLOSING,
    timedOut: false,
    specs: [spec('fails-fetch', FETCH), spec('fails-compile', COMPILE), spec('fails-dependent', DEPENDENT)],
    roots: new Set([FETCH, DEPENDENT]),
    logs: new Map([
      [FETCH, { lines: [], written: 0 }],
      [COMPILE, { phase: 'build', lines: ['main.c:1:25: error: nothing undeclared'], written: 5 }],
    ]),
    withTests: false,
    limit: '320 minutes',
    ...changes,
  };
}

test('finds what Spack says of each package, in its list or, of one alone, in passing', () => {
  const errors = parseErrors(OUTPUT + CLOSING);
  expect(errors.get(FETCH)).toMatch(/^FetchError: All fetchers failed[^]*Connection refused>$/);
  expect(errors.get(COMPILE)).toBe("ProcessError: Command exited with status 1:\n    'gcc' 'main.c'");
  expect(errors.has(DEPENDENT)).toBe(false);
});

test('tells the kind, the phase and the log of each failure, and roots that were not tried', () => {
  expect(findFailures(outcomeOf({}))).toMatchObject([
    {
      name: 'fails-fetch',
      hash: FETCH,
      kind: 'fetch',
      log: [/^FetchError/, /Connection refused/].map((line) => expect.stringMatching(line)),
    },
    {
      name: 'fails-compile',
      kind: 'compile',
      phase: 'build',
      log: ['main.c:1:25: error: nothing undeclared'],
    },
    { name: 'fails-dependent', kind: 'other', log: ['not tried, since a dependency did not build'] },
  ]);
});

test('takes no dependency that was not tried for a failure', () => {
  const failures = findFailures(outcomeOf({ roots: new Set([FETCH]) }));
  expect(failures.map(({ name }) => name)).toEqual(['fails-fetch', 'fails-compile']);
});

test('calls what was being built when time ran out a timeout, and roots that were not begun', () => {
  const failures = findFailures(outcomeOf({ output: OUTPUT, timedOut: true }));
  expect(failures).toMatchObject([
    { name: 'fails-fetch', kind: 'fetch' },
    { name: 'fails-compile', kind: 'timeout', phase: 'build' },
    { name: 'fails-dependent', kind: 'timeout', log: ['not begun within 320 minutes'] },
  ]);
  expect(failures[1]?.log.at(-1)).toBe('stopped after 320 minutes');
});

test('keeps at most 100 lines of an interrupted log', () => {
  const logs = new Map([
    [COMPILE, { phase: 'build', lines: Array.from({ length: 100 }, String), written: 5 }],
  ]);
  const failures = findFailures(outcomeOf({ output: OUTPUT, timedOut: true, logs }));
  expect(failures[1]?.log).toHaveLength(100);
});

const logOf = (phase: string, ...lines: string[]): StageLog => ({ phase, lines, written: 1 });

test.each([
  ['fetch', 'ChecksumError: sha256 checksum failed for /x', { lines: [], written: 0 }, false],
  ['patch', "FileNotFoundError: 'no-such-file.txt'", { lines: [], written: 0 }, false],
  ['configure', 'ProcessError', logOf('cmake', 'CMake Error'), false],
  ['configure', 'ProcessError', logOf('autoreconf'), false],
  ['compile', 'ProcessError', logOf('install', 'error: expected ;'), false],
  ['compile', 'ProcessError', logOf('install', '1 of 3 tests failed'), false],
  ['test', 'ProcessError', logOf('install', '1 of 3 tests failed'), true],
  ['test', 'ProcessError', logOf('installcheck', 'x'), false],
  ['disk', 'ProcessError', logOf('build', 'ld: final link failed: No space left on device'), false],
  ['disk', 'OSError: [Errno 28] No space left on device', undefined, false],
  ['other', 'InstallError: something else', undefined, false],
] as const)('calls it %s: %s %j', (kind, error, log, withTests) => {
  const copy = log && { ...log, lines: [...log.lines] };
  expect(classifyFailure({ error, log: copy, withTests })).toBe(kind);
});
