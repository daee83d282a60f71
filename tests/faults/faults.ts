import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { classOf, type Named } from './names.ts';
import { SECONDARY_LIMIT, TOO_MANY } from '../world/ghcr.ts';

/** Fault of one request. */
export type FaultName = keyof typeof REQUEST_FAULTS | 'kill';
/** Fault of one write: the process is killed during it, or the disk is full from then on. */
export type WriteFault = 'kill' | 'full';

/**
 * One fault of a step. Its target is named, not numbered, so that it is the same in every run: the number of
 * requests that a script makes depends on concurrency.
 */
export type Fault = { at: Named } & ({ request: FaultName } | { write: WriteFault });

/** Longer than any script waits for a response, after its waits are shortened. */
const NEVER_MS = 12_000;

/** Ways in which a request can fail at GitHub's API, its registry or its network. */
export const REQUEST_FAULTS = {
  '401': answer(401, {
    message: 'Bad credentials',
    errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }],
  }),
  '403 for good': answer(403, {
    message: 'Resource not accessible by integration',
    errors: [{ code: 'DENIED', message: 'permission_denied: write_package' }],
  }),
  '403 for too many requests': answer(403, {
    message: 'You have exceeded a secondary rate limit.',
    ...JSON.parse(SECONDARY_LIMIT.body),
  }),
  '404': answer(404, {
    message: 'Not Found',
    errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }],
  }),
  '408': answer(408, {}),
  '429': answer(429, { message: 'too many requests', ...JSON.parse(TOO_MANY.body) }),
  '429 with Retry-After': answer(429, { message: 'too many requests' }, { 'retry-after': '1' }),
  '500': answer(500, { message: 'Server Error', errors: [{ code: 'UNKNOWN', message: 'internal' }] }),
  '502 with a page': answer(502, '<html><body><h1>Bad Gateway</h1></body></html>'),
  'cut before it is read': (incoming: IncomingMessage) => {
    incoming.socket.destroy();
    return true;
  },
  'done, and the answer cut': () => 'cut' as const,
  'no answer at all': (_: IncomingMessage, outgoing: ServerResponse) => {
    const timer = setTimeout(() => outgoing.destroy(), NEVER_MS);
    outgoing.once('close', () => clearTimeout(timer));
    return true;
  },
  'done, and the answer lost': () => 'lose' as const,
};

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  return ({ method }: IncomingMessage, outgoing: ServerResponse): true => {
    const isPage = typeof body === 'string';
    outgoing.writeHead(status, { 'content-type': isPage ? 'text/html' : 'application/json', ...headers });
    outgoing.end(method === 'HEAD' ? undefined : isPage ? body : JSON.stringify(body));
    return true;
  };
}

/** Lists every fault of every request and every write of a step. */
export function faultsOf({ requests, writes }: { requests: Named[]; writes: Named[] }): Fault[] {
  const names = [...(Object.keys(REQUEST_FAULTS) as (keyof typeof REQUEST_FAULTS)[]), 'kill' as const];
  return [
    ...requests.flatMap((at) =>
      // For a request that changes nothing, a lost response is the same as no request.
      names
        .filter((name) => isChange(at) || name !== 'done, and the answer lost')
        .map((request) => ({ at, request })),
    ),
    ...writes.flatMap((at) => (['kill', 'full'] as const).map((write) => ({ at, write }))),
  ];
}

/** Whether a write or a request may change something. */
function isChange({ name }: Named): boolean {
  return !/^\w+ (GET|HEAD) /.test(name);
}

/** Kind of a fault, regardless of its target. */
export function kindOf(fault: Fault): string {
  return 'request' in fault ? `request: ${fault.request}` : `write: ${fault.write}`;
}

/** Kinds that any client handles by waiting and retrying. */
const TRANSIENT = new Set<FaultName>([
  ...(['403 for too many requests', '408', '429', '429 with Retry-After', '502 with a page'] as const),
  'no answer at all',
]);
/** Kinds that end a step after a part of its changes. */
const ENDING = new Set(
  ['403 for good', 'done, and the answer lost', 'kill'].map((kind) => `request: ${kind}`),
).add('write: kill');

/**
 * Selects the first of equivalent faults and, if the number of earlier changes matters, the last one.
 * @param all faults with the script of their step, in the order in which they may happen
 */
export function drawClasses<T extends { script: string; fault: Fault }>(all: readonly T[]): T[] {
  const classes = Map.groupBy(all, ({ script, fault }) => {
    const { name, client } = fault.at;
    const ofClient = 'request' in fault && TRANSIENT.has(fault.request);
    const place = ofClient ? [client, ...name.split(' ').slice(0, 2)] : [script, classOf(fault.at)];
    return [...place, kindOf(fault)].join(' ');
  });
  return [...classes.values()].flatMap((alike) => {
    const [first] = alike;
    const last = alike.at(-1);
    if (!first || !last) return [];
    const { fault } = first;
    return last !== first && isChange(fault.at) && ENDING.has(kindOf(fault)) ? [first, last] : [first];
  });
}

/**
 * Selects a few faults that cover each step and each kind of fault; the same input gives the same faults.
 * @param all faults with the name of their step
 */
export function drawSample<T extends { step: string; fault: Fault }>(all: readonly T[]): T[] {
  // The first one of each kind of request or write.
  const left = all.filter(({ fault }) => fault.at.occurrence === 0);
  left.sort((a, b) => digestOf(a).localeCompare(digestOf(b)));
  const missing = new Set(left.map(({ fault }) => kindOf(fault)));
  const sample: T[] = [];
  const take = (found: T | undefined): void => {
    if (!found) return;
    sample.push(found);
    missing.delete(kindOf(found.fault));
  };
  for (const step of [...new Set(all.map((each) => each.step))].sort()) {
    const own = left.filter((each) => each.step === step);
    take(own.find(({ fault }) => missing.has(kindOf(fault))) ?? own[0]);
  }
  for (const kind of missing) take(left.find(({ fault }) => kindOf(fault) === kind));
  return sample;
}

function digestOf({ step, fault }: { step: string; fault: Fault }): string {
  return createHash('sha256')
    .update(JSON.stringify([step, fault]))
    .digest('hex');
}
