import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { tryJson } from '../../site/lib/json.ts';
import { readLimited, send } from '../http/request.ts';

const TIMEOUT_MS = 30_000;
/**
 * Time limit for a deployment to appear: the CDN of Pages may serve the earlier file for ten minutes, and one
 * deployment was seen after 14 (KCNyu/clawock#367).
 */
export const LIVE_MINUTES = 20;
/** Limit for the index; that of a cache with hundreds of months has about 100 kB. */
const MAX_BYTES = 2 ** 22;

/** Answer of a site's address for its `/api/index.json`. */
export type LiveSite =
  | { state: 'served'; text: string }
  /** The file is missing: nothing was deployed yet, or something else was. */
  | { state: 'missing' }
  /** A login is required: a private site of GitHub Enterprise. */
  | { state: 'login'; host: string }
  | { state: 'unreachable'; reason: string };

/**
 * Reads what is served now. The address is different each time, so clients have no cached answer. Whether the
 * CDN of Pages has one is not documented: the answer may be ten minutes old.
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
  /** Git commit that the index was built from. */
  commit: z.string().optional(),
  /** Address that it was built for. */
  url: z.string().optional(),
});
type ServedIndex = z.infer<typeof ServedIndex>;

/** The deployment's facts in a served index; undefined when the text is not the index of a build cache. */
export function parseServedIndex(text: string): ServedIndex | undefined {
  return tryJson(text, ServedIndex);
}

type LiveCheck = { isServed: true; seconds: number } | { isServed: false; sentence: string };

/**
 * Requests the live site's index until it is the deployed one.
 * @param expected the text of `dist/api/index.json`
 * @throws when it is not within the time, with advice
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
    /** Time limit for the requests. */
    waitMs: number;
    /** Pause between two requests. */
    pauseMs?: number;
    /** Page on which Deploy is started by hand. */
    deployPage: string;
    /** Clock that tests control. */
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

/** Error of a site that does not show a deployment in time, with what to do. */
export function describeLive(
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
      `${where}, found no such file ${after}. A first deployment may take longer: open ${siteUrl}, and if the site is ` +
      `not there in half an hour, ${deployPage} and press "Run workflow". With your own domain, set the repository ` +
      'variable SITE_URL to the address that people use'
    );
  }
  const reason = live.state === 'unreachable' ? live.reason : 'nothing';
  return (
    `${where}, found no answer ${after}: ${reason}. With your own domain, check its DNS records: ` +
    `Settings > Pages says whether they are right; then open ${deployPage} and press "Run workflow"`
  );
}
