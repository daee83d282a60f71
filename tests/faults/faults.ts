import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { classOf, type Named } from './names.ts';
import { SECONDARY_LIMIT, TOO_MANY } from '../world/ghcr.ts';

/** What becomes of one request. */
export type FaultName = keyof typeof REQUEST_FAULTS | 'kill';
/** What becomes of one write: the process is killed in it, or the disk is full from then on. */
export type WriteFault = 'kill' | 'full';

/**
 * One fault of a step. What it hits is named and not numbered, so that it is the same one in every run: how many requests
 * a script makes depends on which of them happen at once.
 */
export type Fault = { at: Named } & ({ request: FaultName } | { write: WriteFault });

/** Longer than any script waits for an answer, once its waits are shortened. */
const NEVER_MS = 12_000;

/** Ways in which a request goes wrong: those of GitHub's API, its registry and its network. */
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

/** Every fault at every request and every write of a step. */
export function faultsOf({ requests, writes }: { requests: Named[]; writes: Named[] }): Fault[] {
  const names = [...(Object.keys(REQUEST_FAULTS) as (keyof typeof REQUEST_FAULTS)[]), 'kill' as const];
  return [
    ...requests.flatMap((at) =>
      // Where nothing is changed, what was done and not answered is as if it was not done.
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

/** What a fault does, whatever it hits. */
export function kindOf(fault: Fault): string {
  return 'request' in fault ? `request: ${fault.request}` : `write: ${fault.write}`;
}

/** Kinds that a client meets by waiting and asking again, whichever step it asks for. */
const TRANSIENT = new Set<FaultName>([
  ...(['403 for too many requests', '408', '429', '429 with Retry-After', '502 with a page'] as const),
  'no answer at all',
]);
/** Kinds that end a step with a part of its changes done. */
const ENDING = new Set(
  ['403 for good', 'done, and the answer lost', 'kill'].map((kind) => `request: ${kind}`),
).add('write: kill');

/**
 * Of faults that are alike the first one and, where it matters how many changes were made before, the last one.
 * @param all each with the script of its step, in the order in which they may happen
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
 * A few faults in which there is each step and each kind of fault, always the same ones of the same faults.
 * @param all each with the name of its step
 */
export function drawSample<T extends { step: string; fault: Fault }>(all: readonly T[]): T[] {
  // Of each kind of request or write the first one.
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
