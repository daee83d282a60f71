import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { tryJson } from '../../site/lib/json.ts';
import { readLimited, send } from '../http/request.ts';

const TIMEOUT_MS = 30_000;
/**
 * How long a deployment is waited for: the CDN of Pages may serve the file of before for ten minutes, and a new one was
 * seen after 14 (KCNyu/clawock#367).
 */
export const LIVE_MINUTES = 20;
/** The index of a cache with hundreds of months has some 100 kB. */
const MAX_BYTES = 2 ** 22;

/** What the address of a site answers for its `/api/index.json`. */
export type LiveSite =
  | { state: 'served'; text: string }
  /** There is no such file: nothing was deployed yet, or something else. */
  | { state: 'missing' }
  /** It asks for a login: a private site of GitHub Enterprise. */
  | { state: 'login'; host: string }
  | { state: 'unreachable'; reason: string };

/**
 * Reads what is served now: no client keeps an answer to an address that is asked for once. Whether the CDN of Pages does, is
 * documented nowhere: the answer may be ten minutes old.
 */
export async function readLiveIndex(siteUrl: string): Promise<LiveSite> {
  const url = new URL(`${siteUrl}/api/index.json`);
  url.searchParams.set('now', String(Date.now()));
  try {
    const headers = { 'cache-control': 'no-cache', 'user-agent': 'spack-build-cache' };
    const answer = await send(url.href, { headers, idleMs: TIMEOUT_MS });
    const { status } = answer;
    const isPage = answer.headers.get('content-type')?.startsWith('text/html');
    const isElsewhere = answer.url.href !== url.href;
    if (status === 401 || status === 403 || (status === 200 && isPage && isElsewhere)) {
      answer.body.destroy();
      return { state: 'login', host: answer.url.host };
    }
    if (status !== 200) {
      answer.body.destroy();
      return status === 404 ? { state: 'missing' } : { state: 'unreachable', reason: `status ${status}` };
    }
    const text = (await readLimited(answer, MAX_BYTES)).toString();
    return parseServedIndex(text) ? { state: 'served', text } : { state: 'missing' };
  } catch (error) {
    return { state: 'unreachable', reason: error instanceof Error ? error.message : String(error) };
  }
}

const ServedIndex = z.object({
  version: z.number(),
  endpoints: z.array(z.unknown()),
  /** Git commit that it was made from. */
  commit: z.string().optional(),
  /** Address that it was made for. */
  url: z.string().optional(),
});
type ServedIndex = z.infer<typeof ServedIndex>;

/** What a served index says of the deployment; undefined where the text is no index of a build cache. */
export function parseServedIndex(text: string): ServedIndex | undefined {
  return tryJson(text, ServedIndex);
}

/** What a check of the live site found. */
type LiveCheck = { isServed: true; seconds: number } | { isServed: false; sentence: string };

/**
 * Asks the live site until it serves the index that was deployed.
 * @param expected the text of `dist/api/index.json`
 * @throws when it does not within the time, and says what to do
 */
export async function checkLive(
  siteUrl: string,
  expected: string,
  {
    waitMs,
    pauseMs = 10_000,
    deployPage,
    clock = { now: Date.now, sleep },
  }: {
    /** How long to ask. */
    waitMs: number;
    /** Between two requests. */
    pauseMs?: number;
    /** Where Deploy is run by hand. */
    deployPage: string;
    /** Tests let time pass. */
    clock?: { now: () => number; sleep: (ms: number) => Promise<unknown> };
  },
): Promise<LiveCheck> {
  const start = clock.now();
  for (;;) {
    const live = await readLiveIndex(siteUrl);
    const spent = clock.now() - start;
    if (live.state === 'served' && live.text === expected)
      return { isServed: true, seconds: Math.round(spent / 1000) };
    if (live.state === 'login') {
      return {
        isServed: false,
        sentence: `${siteUrl} asks for a login (${live.host}): whether it shows this deployment was not checked.`,
      };
    }
    if (spent + pauseMs > waitMs) throw new Error(describeLive(siteUrl, live, expected, waitMs, deployPage));
    await clock.sleep(pauseMs);
  }
}

function describeLive(
  siteUrl: string,
  live: LiveSite,
  expected: string,
  waitMs: number,
  deployPage: string,
): string {
  const where = `${siteUrl}/api/index.json: expected what this run has deployed`;
  const after = `after ${Math.round(waitMs / 60_000)} minutes`;
  if (live.state === 'served') {
    const [served, made] = [parseServedIndex(live.text), parseServedIndex(expected)].map(
      (index) => index?.commit?.slice(0, 7) ?? 'unknown',
    );
    return (
      `${where} (commit ${made}), found an older deployment ${after} (commit ${served}). GitHub accepts a second deployment of ` +
      'one commit, and may not serve it (https://github.com/actions/deploy-pages/issues/383): put a new commit on the ' +
      `branch (git commit --allow-empty -m "Deploy again" && git push), then open ${deployPage} and press "Run workflow"`
    );
  }
  if (live.state === 'missing') {
    return (
      `${where}, found no such file ${after}. A first deployment may take longer: open ${siteUrl}, and where the site is ` +
      `not there in half an hour, ${deployPage} and press "Run workflow". With a domain of your own, set the repository ` +
      'variable SITE_URL to the address that people use'
    );
  }
  const reason = live.state === 'unreachable' ? live.reason : 'nothing';
  return (
    `${where}, found no answer ${after}: ${reason}. With a domain of your own, look at its DNS records: ` +
    `Settings > Pages says whether they are right; then open ${deployPage} and press "Run workflow"`
  );
}
