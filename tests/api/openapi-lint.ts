import { createConfig, lintFromString } from '@redocly/openapi-core';

/** Rules that the seed's addresses and a local server cannot satisfy. */
const KNOWN = ['no-path-trailing-slash', 'no-server-example.com'];

/** Lists Redocly's findings in an OpenAPI document with its strictest rules, one per line. */
export async function lintOpenApi(source: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source, config, absoluteRef: '/openapi.json' });
  return problems
    .filter(({ ruleId }) => !KNOWN.includes(ruleId))
    .map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer ?? ''})`);
}
