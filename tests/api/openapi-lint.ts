import { createConfig, lintFromString } from '@redocly/openapi-core';

/** What the seed's addresses and a server on this machine cannot help. */
const KNOWN = ['no-path-trailing-slash', 'no-server-example.com'];

/** What Redocly finds wrong with an OpenAPI document by its strictest rules: one line a finding. */
export async function lintOpenApi(source: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source, config, absoluteRef: '/openapi.json' });
  return problems
    .filter(({ ruleId }) => !KNOWN.includes(ruleId))
    .map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer ?? ''})`);
}
