import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ConnectionError, TemporaryError, isTemporaryAnswer, pace, readRetryAfter, retry } from './retry.ts';

pace.secondMs = 1;

test.each([
  [408, '', true],
  [429, '', true],
  [500, '', true],
  [502, '<html>', true],
  [503, '', true],
  [504, '', true],
  [403, 'You have exceeded a secondary rate limit.', true],
  [403, '{"errors":[{"code":"DENIED","message":"permission_denied: write_package"}]}', false],
  [400, '', false],
  [401, 'rate limit', false],
  [404, '', false],
  [410, '', false],
  [422, '', false],
])('status %i with %j may pass: %s', (status, text, temporary) => {
  expect(isTemporaryAnswer(status, text)).toBe(temporary);
});

test.each([
  ['7', '', 7_000],
  ['soon', '', undefined],
  [new Date(Date.now() - 60_000).toUTCString(), '', 0],
  [undefined, '', undefined],
  // fermyon/developer#589: ghcr.io states it only in the text, as a duration of Go.
  [undefined, '{"message":"retry-after: 10.487765ms, allowed: 2000/minute"}', 11],
  [undefined, 'retry-after: 1m2.5s, allowed: 2000/minute', 62_500],
  [undefined, 'retry-after: 250µs, allowed: 44000/minute', 1],
  [undefined, 'retry-after: 3 lightyears', undefined],
])('reads how long to wait from header %j or text %j', (header, text, expected) => {
  expect(readRetryAfter(new Headers(header === undefined ? {} : { 'retry-after': header }), text)).toBe(
    expected,
  );
});

test("waits until the end of GitHub's hour when its requests are used up", () => {
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Date.now() / 1_000 + 1_800) };
  const wait = readRetryAfter(new Headers(headers)) ?? 0;
  expect(Math.round(wait / 100_000)).toBe(18);
  expect(readRetryAfter(new Headers({ ...headers, 'x-ratelimit-remaining': '9' }))).toBeUndefined();
});

test('retries temporary errors a few times, and throws the last error', async () => {
  const told: string[] = [];
  let tries = 0;
  const action = (failures: number, error: () => Error) => () => {
    tries += 1;
    return tries > failures ? Promise.resolve('done') : Promise.reject(error());
  };
  const busy = () => new TemporaryError(`busy ${tries}`);
  const onRetry = ({ message }: Error) => void told.push(message);
  expect(await retry(action(2, busy), { onRetry })).toBe('done');
  expect([tries, told]).toEqual([3, ['busy 1', 'busy 2']]);
  tries = 0;
  await expect(retry(action(Infinity, busy))).rejects.toThrow('busy 5');
  tries = 0;
  expect(await retry(action(1, () => new ConnectionError('broke', 'ECONNRESET', undefined)))).toBe('done');
});

test.each([
  new Error('no'),
  new ConnectionError('nobody there', 'ECONNREFUSED', undefined),
  new ConnectionError('not trusted', 'SELF_SIGNED_CERT_IN_CHAIN', undefined),
])('tries only once what stays as it is: %s', async (error) => {
  let tries = 0;
  const action = () => {
    tries += 1;
    return Promise.reject(error);
  };
  await expect(retry(action)).rejects.toBe(error);
  expect(tries).toBe(1);
});

test('waits as long as the server asks, and no longer than the limit', async () => {
  const sleep = vi.spyOn(timers, 'setTimeout').mockResolvedValue(undefined);
  syncBuiltinESMExports();
  onTestFinished(() => {
    sleep.mockRestore();
    syncBuiltinESMExports();
  });
  const waits = [30, 3_600_000];
  await retry(async () => {
    const retryAfterMs = waits.shift();
    if (retryAfterMs !== undefined) throw new TemporaryError('wait', { retryAfterMs });
  });
  expect(sleep.mock.calls).toEqual([[30], [60]]);
});
