import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBareRepository } from '../../tests/world/git.ts';
import { startGitHubApi, type GitHubApi } from '../../tests/world/github-api.ts';
import { runScript } from '../../tests/world/run.ts';

let folder: string;
let api: GitHubApi;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pages-'));
  makeBareRepository(folder);
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

test("uses the owner's own domain, unless the owner sets an address", async () => {
  await open('http://cache.example.org/');
  expect(await configure({})).toContain('SITE_URL=http://cache.example.org\n');
  expect(await configure({ SITE_URL: 'https://other.example.org/x/' })).toContain(
    'SITE_URL=https://other.example.org/x\n',
  );
  expect(api.requests).toEqual(['GET /repos/Owner/Cache/pages']);
});

test("uses the repository's name when GitHub does not say", async () => {
  await open();
  expect(await configure({})).toContain('SITE_URL=https://owner.github.io/Cache\n');
  api.fail('forbidden');
  expect(await configure({})).toContain('SITE_URL=https://owner.github.io/Cache\n');
});

async function open(pagesUrl?: string): Promise<void> {
  const options = { repositoryDir: folder, repository: 'Owner/Cache', token: 'secret' };
  api = await startGitHubApi({ ...options, ...(pagesUrl ? { pagesUrl } : {}) });
}

/** Runs the script and returns its outputs for later steps. */
async function configure(environment: Record<string, string>): Promise<string> {
  const file = join(folder, `env-${api.requests.length}-${Object.keys(environment).length}`);
  const env = {
    GITHUB_ENV: file,
    GITHUB_REPOSITORY: 'Owner/Cache',
    GITHUB_API_URL: api.url,
    GITHUB_TOKEN: 'secret',
    CATALOG_DIR: join(folder, 'catalog'),
    ...environment,
  };
  await runScript('configure', [], env);
  return readFileSync(file, 'utf8');
}
