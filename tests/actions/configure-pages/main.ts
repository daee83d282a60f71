import { appendFileSync } from 'node:fs';
import { z } from 'zod';

/* Source: src/index.js, src/api-client.js and src/output-pages-base-url.js of the action, without `enablement`. */
const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_OUTPUT = '' } = process.env;

const response = await fetch(`${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/pages`, {
  headers: { authorization: `token ${GITHUB_TOKEN}` },
});
if (!response.ok) {
  const { message, documentation_url: page = '' } = z
    .object({ message: z.string(), documentation_url: z.string().optional() })
    .parse(await response.json());
  console.log(
    '::error::Get Pages site failed. Please verify that the repository has Pages enabled and configured to build using ' +
      'GitHub Actions, or consider exploring the `enablement` parameter for this action. ' +
      `Error: ${message} - ${page}`,
  );
  console.log(`::error::HttpError: ${message} - ${page}`);
  process.exit(1);
}
const { html_url: address } = z.object({ html_url: z.url() }).parse(await response.json());
const { href, origin, host, pathname } = new URL(address);
const outputs = { base_url: href.replace(/\/$/, ''), origin, host, base_path: pathname.replace(/\/$/, '') };
for (const [name, value] of Object.entries(outputs)) appendFileSync(GITHUB_OUTPUT, `${name}=${value}\n`);
