import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * Extracts the operations that this project uses from GitHub's published description, which has 12 MB:
 * `node tests/tools/slice-openapi.ts FOLDER`, where FOLDER has the unpacked npm package @octokit/openapi.
 */
const OPERATIONS: [method: string, path: string][] = [
  ['get', '/repos/{owner}/{repo}'],
  ['get', '/repos/{owner}/{repo}/pages'],
  ['post', '/repos/{owner}/{repo}/pages/deployments'],
  ['get', '/repos/{owner}/{repo}/pages/deployments/{pages_deployment_id}'],
  ['post', '/repos/{owner}/{repo}/pages/deployments/{pages_deployment_id}/cancel'],
  ['get', '/repos/{owner}/{repo}/issues'],
  ['post', '/repos/{owner}/{repo}/issues'],
  ['patch', '/repos/{owner}/{repo}/issues/{issue_number}'],
  ['post', '/repos/{owner}/{repo}/issues/{issue_number}/comments'],
  ['post', '/repos/{owner}/{repo}/issues/{issue_number}/labels'],
  ['get', '/repos/{owner}/{repo}/labels'],
  ['post', '/repos/{owner}/{repo}/labels'],
  ['get', '/repos/{owner}/{repo}/branches/{branch}'],
  ['get', '/repos/{owner}/{repo}/rules/branches/{branch}'],
  ['get', '/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts'],
  ['get', '/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}'],
  ['post', '/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches'],
  ['get', '/users/{username}/packages/{package_type}/{package_name}/versions'],
  ['get', '/users/{username}/packages/{package_type}/{package_name}/versions/{package_version_id}'],
  ['delete', '/users/{username}/packages/{package_type}/{package_name}/versions/{package_version_id}'],
  ['get', '/orgs/{org}/packages/{package_type}/{package_name}/versions'],
  ['get', '/orgs/{org}/packages/{package_type}/{package_name}/versions/{package_version_id}'],
  ['delete', '/orgs/{org}/packages/{package_type}/{package_name}/versions/{package_version_id}'],
];
/** Schemas of responses that an operation does not document. */
const ERRORS = ['#/components/schemas/basic-error', '#/components/schemas/validation-error'];
/** Keys with documentation. */
const LEFT_OUT = new Set([
  'description',
  'summary',
  'externalDocs',
  'x-github',
  'parameters',
  'requestBody',
  'headers',
  'links',
]);

type Json = Record<string, unknown>;

function slice(): void {
  const [folder = ''] = parseArgs({ allowPositionals: true }).positionals;
  const whole: Json = JSON.parse(readFileSync(join(folder, 'generated/api.github.com.json'), 'utf8'));
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const cut: Json = {
    openapi: '3.0.3',
    info: { title: `Of GitHub's OpenAPI description, as npm's @octokit/openapi ${version} has it (MIT)` },
    paths: {},
    components: {},
  };
  const missing = [...ERRORS];
  const take = (path: string[]): void => {
    const value = path.reduce<unknown>((each, key) => (each as Json | undefined)?.[key], whole);
    if (value === undefined) throw new Error(`${path.join(' ')}: not in this description`);
    const place = path.slice(0, -1).reduce<Json>((each, key) => (each[key] ??= {}) as Json, cut);
    place[path.at(-1) ?? ''] = withoutWords(value, missing);
  };
  for (const [method, path] of OPERATIONS) take(['paths', path, method]);
  const taken = new Set<string>();
  for (let next = missing.pop(); next !== undefined; next = missing.pop()) {
    if (taken.has(next)) continue;
    taken.add(next);
    take(next.slice('#/'.length).split('/'));
  }
  const file = resolve(import.meta.dirname, '../fixtures/github-openapi.json');
  writeFileSync(file, `${JSON.stringify(cut)}\n`);
}

/** Copies a value without documentation and with one example each; collects its references. */
function withoutWords(value: unknown, references: string[], parent = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutWords(each, references));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key]) => parent === 'properties' || parent === 'value' || !(LEFT_OUT.has(key) || key === 'example'),
  );
  const kept = parent === 'examples' ? entries.slice(0, 1) : entries;
  return Object.fromEntries(
    kept.map(([key, each]) => {
      if (key === '$ref' && typeof each === 'string') references.push(each);
      // Examples are data: their keys are not keywords of the description.
      return [key, key === 'value' ? each : withoutWords(each, references, key)];
    }),
  );
}

slice();
