import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { listArtifacts, readRun } from '../artifact-client.ts';

/*
 * Source: src/internal/deployment.js and api-client.js of the action. The build version is the commit that
 * started
 * the run; the artifact is looked for in all attempts; a refused deployment is not retried; after ten minutes
 * it is
 * cancelled. The ten minutes are counted in polls, one every 5 seconds, which are faster here.
 */
const POLLS = 120;
const POLL_MS = 20;
const FINAL: Record<string, string> = {
  deployment_failed: 'Deployment failed, try again later.',
  deployment_cancelled: 'Deployment cancelled.',
  deployment_lost: 'Deployment failed to report final status.',
  deployment_content_failed:
    'Artifact could not be deployed. Please ensure the content does not contain any hard links, symlinks and total ' +
    'size is less than 10GB.',
};
const {
  GITHUB_API_URL,
  GITHUB_REPOSITORY,
  GITHUB_TOKEN,
  GITHUB_SHA = '',
  GITHUB_OUTPUT = '',
  NAME,
} = process.env;
const pages = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/pages/deployments`;
const headers = { authorization: `token ${GITHUB_TOKEN}`, 'content-type': 'application/json' };

const named = (await listArtifacts(readRun())).filter(({ name }) => name === NAME);
const [artifact] = named;
if (!artifact || named.length > 1) {
  console.log(
    '::error::Fetching artifact metadata failed. Is githubstatus.com reporting issues with API requests, Pages, or ' +
      'Actions? Please re-run the deployment at a later time.',
  );
  fail(
    artifact
      ? `Multiple artifacts named "${NAME}" were unexpectedly found for this workflow run. Artifact count is ${named.length}.`
      : `No artifacts named "${NAME}" were found for this workflow run. Ensure artifacts are uploaded with actions/upload-artifact@v4 or later.`,
  );
}

// The OpenID Connect token is a fixed text: act has no service for it.
const body = { artifact_id: artifact.id, pages_build_version: GITHUB_SHA, oidc_token: 'a token' };
const created = await fetch(pages, { method: 'POST', headers, body: JSON.stringify(body) });
if (!created.ok) {
  const { message } = z.object({ message: z.string() }).parse(await created.json());
  const advice: Record<number, string> = {
    400: ` Responded with: ${message}`,
    403: ' Ensure GITHUB_TOKEN has permission "pages: write".',
    404: ` Ensure GitHub Pages has been enabled: https://github.com/${GITHUB_REPOSITORY}/settings/pages`,
  };
  const outage =
    ' Server error, is githubstatus.com reporting a Pages outage? Please re-run the deployment at a later time.';
  fail(
    `Failed to create deployment (status: ${created.status}) with build version ${GITHUB_SHA}.` +
      (created.status >= 500 ? outage : (advice[created.status] ?? '')),
  );
}
const { id, page_url: url } = z.object({ id: z.string(), page_url: z.string() }).parse(await created.json());
appendFileSync(GITHUB_OUTPUT, `page_url=${url}\n`);
console.log(`Created deployment for ${GITHUB_SHA}, ID: ${id}`);

for (let poll = 0; poll < POLLS; poll += 1) {
  await sleep(POLL_MS);
  const answer = await fetch(`${pages}/${id}`, { headers });
  const { status } = z.object({ status: z.string() }).parse(await answer.json());
  if (status === 'succeed') {
    console.log('Reported success!');
    appendFileSync(GITHUB_OUTPUT, 'status=succeed\n');
    process.exit(0);
  }
  if (FINAL[status]) fail(FINAL[status]);
}
console.log('::error::Timeout reached, aborting!');
await fetch(`${pages}/${id}/cancel`, { method: 'POST', headers });
fail('Timeout reached, aborting!');

function fail(sentence: string): never {
  console.log(`::error::${sentence}`);
  process.exit(1);
}
