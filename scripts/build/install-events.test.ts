import { expect, test } from 'vitest';
import { parseInstallEvents, timesOf } from './install-events.ts';

const A = 'a'.repeat(32);

/** Lines in the format of install_events.py. */
function events(...steps: [event: string, step: string, time: number, phase?: string][]): string {
  return steps
    .map(([event, step, time, phase]) =>
      JSON.stringify({ event, hash: A, step, time: 1_700_000_000 + time, ...(phase ? { phase } : {}) }),
    )
    .join('\n');
}

// Recorded from tiny-c's compiler wrapper with Spack 1.2's new installer; times made longer.
const BUILT = events(
  ['begin', 'build', 0],
  ['begin', 'setup', 0.5],
  ['end', 'setup', 1],
  ['begin', 'patch', 1],
  ['begin', 'stage', 1],
  ['begin', 'fetch', 1],
  ['end', 'fetch', 9],
  ['end', 'stage', 11],
  ['end', 'patch', 11.5],
  ['begin', 'phase', 12, 'build'],
  ['end', 'phase', 72, 'build'],
  ['begin', 'phase', 72, 'install'],
  ['end', 'phase', 72.04, 'install'],
  ['begin', 'finish', 73],
  ['end', 'finish', 74.25],
  ['end', 'build', 75],
);

test('counts the seconds of each phase once', () => {
  expect(timesOf(parseInstallEvents(BUILT)).get(A)).toEqual({
    total: 75,
    phases: [
      { name: 'fetch', seconds: 8 },
      { name: 'stage', seconds: 2 },
      { name: 'patch', seconds: 0.5 },
      { name: 'build', seconds: 60 },
      { name: 'post-install', seconds: 1.3 },
    ],
  });
});

test('omits specs that failed, did not end, or were unpacked from a binary', () => {
  const binary = events(
    ['begin', 'unpack', 1],
    ['end', 'unpack', 2],
    ['begin', 'build', 1],
    ['end', 'build', 3],
  );
  const open = BUILT.split('\n').slice(0, -1).join('\n');
  const failed = `${BUILT}\n${events(['error', 'task', 76])}`;
  for (const text of [binary, open, failed]) expect(timesOf(parseInstallEvents(text)).size).toBe(0);
});

test('drops impossible times', () => {
  const odd = events(['begin', 'build', 0], ['end', 'build', 1e12]);
  expect(timesOf(parseInstallEvents(odd)).size).toBe(0);
});
