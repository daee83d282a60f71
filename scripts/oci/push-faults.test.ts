import path from 'node:path';
import { expect, test } from 'vitest';
import type { Fault } from '../../tests/world/faulty-proxy.ts';
import { SECONDARY_LIMIT, TOO_MANY, type Ghcr } from '../../tests/world/ghcr.ts';
import { useServers } from '../../tests/world/servers.ts';
import { openRegistry } from './open-registry.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const TOKEN = 'token of the run';
const FAST = { idleMs: 20_000 };
const TREE_TAG = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack';
/** The sweep breaks each request in each way; without it an even sample is used. */
const SAMPLE = 5;
const FULL = process.env['FULL'] === '1';
const servers = useServers();

/** Ways in which one answer goes wrong. */
const FAULTS: Record<string, Fault> = {
  'answers 401': answer(401, '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'),
  'answers 403 for good': answer(
    403,
    '{"errors":[{"code":"DENIED","message":"permission_denied: write_package"}]}',
  ),
  'answers 403 for too many requests': answer(SECONDARY_LIMIT.status, SECONDARY_LIMIT.body),
  'answers 404': answer(404, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'),
  'answers 408': answer(408, ''),
  'answers 429 with Retry-After': answer(429, '', { 'retry-after': '0' }),
  'answers 429 with the wait in its text': answer(TOO_MANY.status, TOO_MANY.body),
  'answers 500': answer(500, '{"errors":[{"code":"UNKNOWN","message":"internal"}]}'),
  'answers 502 with a page': answer(502, '<html><body>Bad Gateway'),
  'is slow': (_incoming, outgoing) => {
    setTimeout(() => outgoing.writeHead(503).end(), 200);
    return true;
  },
  'is cut': (incoming) => {
    incoming.socket.destroy();
    return true;
  },
};

function answer(status: number, body: string, headers: Record<string, string> = {}): Fault {
  return ({ method }, outgoing) => {
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
    outgoing.end(method === 'HEAD' ? undefined : body);
    return true;
  };
}

test(
  'after any broken request the next publish leaves the registry in the state of a clean run',
  { timeout: 3_600_000 },
  async () => {
    const ghcr = await servers.startGhcr({ token: TOKEN });
    await servers.writeDockerConfig({
      auths: { [ghcr.host]: { auth: Buffer.from(`owner:${TOKEN}`).toString('base64') } },
    });
    const clean = await publish(ghcr, 'owner/clean');
    const requests = ghcr.seen.length;
    const wanted = await contents(ghcr, 'owner/clean');
    expect([requests > 10, wanted.length > 3]).toEqual([true, true]);
    expect(clean).toBeUndefined();

    const all = Object.keys(FAULTS).flatMap((kind) =>
      Array.from({ length: requests }, (_, at) => ({ kind, at })),
    );
    const step = FULL ? 1 : Math.floor(all.length / SAMPLE);
    const chosen = all.filter((_, at) => at % step === 0);
    const outcomes = { survived: 0, 'mended by the next run': 0 };
    let injected = 0;
    for (const [number, { kind, at }] of chosen.entries()) {
      const name = `owner/broken-${number}`;
      let left = at;
      let isBroken = false;
      ghcr.fault = (incoming, outgoing) => {
        if (isBroken || left > 0) {
          left -= 1;
          return false;
        }
        isBroken = true;
        injected += 1;
        return FAULTS[kind]?.(incoming, outgoing) ?? false;
      };
      const failure = await publish(ghcr, name);
      ghcr.fault = () => false;
      if (failure) {
        // The error must tell the user what to do.
        expect(failure.message, `${kind} at request ${at}`).toMatch(/127\.0\.0\.1:\d+/);
        expect(await publish(ghcr, name), `${kind} at request ${at}, then again`).toBeUndefined();
      }
      outcomes[failure ? 'mended by the next run' : 'survived'] += 1;
      expect(await contents(ghcr, name), `${kind} at request ${at}`).toEqual(wanted);
    }
    console.log(`registry faults: ${injected} injected, ${JSON.stringify(outcomes)}`);
    // The number of requests varies by one, such as one for a token: the last may never come.
    expect(injected).toBeGreaterThanOrEqual(chosen.length * 0.8);
  },
);

/** Does what a run does: looks for a tag and a blob, pushes, and moves a tag. Returns the error, if any. */
async function publish({ host }: Ghcr, name: string): Promise<Error | undefined> {
  try {
    const registry = openRegistry(`http://${host}/${name}`, FAST);
    await registry.describeTag(TREE_TAG);
    await registry.push(BY_SPACK);
    const image = await registry.readManifest(TREE_TAG);
    if (!image) throw new Error(`${host}: the tag that was pushed is not there`);
    await registry.readBlob(image.manifest.config);
    if (!(await registry.describeTag('latest'))) await registry.pointTag('latest', image.descriptor.digest);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Returns every tag with its digest, after reading and checking each blob of its manifest. */
async function contents(ghcr: Ghcr, name: string): Promise<string[]> {
  const registry = openRegistry(`http://${ghcr.host}/${name}`, FAST);
  const found: string[] = [];
  for (const { digest, tags } of await ghcr.versions(name)) {
    const text = (await registry.readText(digest))?.text ?? '';
    if (text.includes('"layers"')) {
      const { manifest } = (await registry.readManifest(digest)) ?? {};
      for (const blob of [manifest?.config, ...(manifest?.layers ?? [])])
        if (blob) await registry.readBlob(blob);
    }
    found.push(`${digest} ${tags.join(' ')}`);
  }
  return found.sort();
}
