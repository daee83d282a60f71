import { expect, test } from 'vitest';
import { findFailures, type InstallOutcome } from './failures.ts';
import { parseInstallEvents } from './install-events.ts';

const FETCH = 'ngwsrdw5bz42lc4uyz2i4mazkznvwaxu';
const COMPILE = 'ousjwvltribv7xgxmy4xfmzeisbgi325';
const DEPENDENT = 'wwkpzu3u6c7ed5rvsf25vxto4czezimc';

const event = (hash: string, event: string, step: string, more: object = {}) =>
  JSON.stringify({ event, hash, step, time: 100, ...more });
/** Events in the format of install_events.py. */
const EVENTS = [
  event(FETCH, 'begin', 'fetch'),
  event(FETCH, 'error', 'fetch', {
    types: ['spack.error.FetchError', 'spack.error.SpackError'],
    message:
      'All fetchers failed for spack-stage-fails-fetch-1.0\n    http://127.0.0.1:1/a.tar.gz: URLError: <urlopen error [Errno 111] Connection refused>',
  }),
  event(COMPILE, 'begin', 'phase', { phase: 'cmake' }),
  event(COMPILE, 'end', 'phase', { phase: 'cmake', time: 102.5 }),
  event(COMPILE, 'begin', 'phase', { phase: 'build' }),
];
const FAILED = event(COMPILE, 'error', 'phase', {
  phase: 'build',
  types: ['spack.util.executable.ProcessError', 'spack.error.SpackError'],
  message: "Command exited with status 1:\n    'gcc' 'main.c'",
});

function outcomeOf(changes: Partial<InstallOutcome>, events = [...EVENTS, FAILED]): InstallOutcome {
  const spec = (name: string, hash: string) => ({
    name,
    hash,
    spec: `${name}@1.0`,
    state: 'missing' as const,
  });
  return {
    traces: parseInstallEvents(events.join('\n')),
    output: '==> Error: the lock is taken\n',
    specs: [spec('fails-fetch', FETCH), spec('fails-compile', COMPILE), spec('fails-dependent', DEPENDENT)],
    roots: new Set([FETCH, DEPENDENT]),
    dependencies: new Map([[DEPENDENT, [COMPILE]]]),
    logs: new Map([
      [COMPILE, { lines: ['gcc main.c', 'main.c:1:25: error: nothing undeclared'], written: 5 }],
    ]),
    withTests: false,
    limit: '320 minutes',
    ...changes,
  };
}

test('reports kind, phase, line and log of each failure, and why a root was not tried', () => {
  expect(findFailures(outcomeOf({}))).toMatchObject([
    {
      name: 'fails-fetch',
      hash: FETCH,
      kind: 'fetch',
      line: expect.stringContaining('Connection refused'),
      log: [/^FetchError: All fetchers failed/, /Connection refused/].map((line) =>
        expect.stringMatching(line),
      ),
    },
    {
      name: 'fails-compile',
      kind: 'compile',
      phase: 'build',
      line: 'main.c:1:25: error: nothing undeclared',
      log: ['gcc main.c', 'main.c:1:25: error: nothing undeclared'],
    },
    {
      name: 'fails-dependent',
      kind: 'other',
      log: ['not tried: it needs fails-compile@1.0, which did not build'],
    },
  ]);
});

test('does not report a dependency that was not tried', () => {
  const failures = findFailures(outcomeOf({ roots: new Set([FETCH]) }));
  expect(failures.map(({ name }) => name)).toEqual(['fails-fetch', 'fails-compile']);
});

test('reports unfinished builds and unstarted roots as timeouts when time ran out', () => {
  for (const events of [EVENTS, [...EVENTS, FAILED.replace('"time":100', '"time":200.5')]]) {
    const failures = findFailures(outcomeOf({ stoppedAt: 200 }, events));
    expect(failures).toMatchObject([
      { name: 'fails-fetch', kind: 'fetch' },
      { name: 'fails-compile', kind: 'timeout', phase: 'build' },
      { name: 'fails-dependent', kind: 'timeout', log: ['not started within 320 minutes'] },
    ]);
    expect(failures[1]?.log.at(-1)).toBe('stopped after 320 minutes');
  }
});

test('keeps at most 100 lines of an interrupted log', () => {
  const logs = new Map([[COMPILE, { lines: Array.from({ length: 100 }, String), written: 5 }]]);
  const failures = findFailures(outcomeOf({ stoppedAt: 200, logs }, EVENTS));
  expect(failures[1]?.log).toHaveLength(100);
});

test('reports a process that ended silently as killed, and an abort by Spack itself as unknown', () => {
  expect(findFailures(outcomeOf({}, EVENTS))[1]).toMatchObject({ kind: 'killed', phase: 'build' });
  const [first] = findFailures(outcomeOf({}, []));
  expect(first).toMatchObject({
    kind: 'unknown',
    log: [/./, '==> Error: the lock is taken'].map((one) =>
      one instanceof RegExp ? expect.stringMatching(one) : one,
    ),
  });
});

test('reads the seconds of each step, and skips lines that are not events', () => {
  const traces = parseInstallEvents(
    ['not JSON', '{"event":"begin"}', ...EVENTS, '{"event": "beg'].join('\n'),
  );
  expect(traces.get(COMPILE)?.steps).toEqual([{ step: 'phase', phase: 'cmake', seconds: 2.5 }]);
  expect(traces.get(COMPILE)?.open).toEqual([{ step: 'phase', phase: 'build' }]);
});
