import { setTimeout as sleep } from 'node:timers/promises';
import { parseServedIndex, readLiveIndex, type LiveSite } from './live-site.ts';

/** What a check of the live site found. */
export type LiveCheck = { isServed: true; seconds: number } | { isServed: false; sentence: string };

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
  }: {
    /** How long to ask. */
    waitMs: number;
    /** Between two requests. */
    pauseMs?: number;
    /** Where Deploy is run by hand. */
    deployPage: string;
  },
): Promise<LiveCheck> {
  const start = Date.now();
  for (;;) {
    const live = await readLiveIndex(siteUrl);
    const spent = Date.now() - start;
    if (live.state === 'served' && live.text === expected)
      return { isServed: true, seconds: Math.round(spent / 1000) };
    if (live.state === 'login') {
      return {
        isServed: false,
        sentence: `${siteUrl} asks for a login (${live.host}): whether it shows this deployment was not checked.`,
      };
    }
    if (spent + pauseMs > waitMs) throw new Error(describeLive(siteUrl, live, expected, waitMs, deployPage));
    await sleep(pauseMs);
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
