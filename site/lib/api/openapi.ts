import { ENDPOINTS, isCompressed, parameterOf, type Endpoint } from './endpoints.ts';
import { sampleEndpoints, type ApiSample } from './samples.ts';
import { listSchemas } from './schemas.ts';
import { mirrorName, siteAddress } from '../url.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { ownValue } from '../../schemas/safe-text.ts';

/** Parameters of paths, keyed by name. */
const PARAMETERS: Record<string, { description: string; pattern: string }> = {
  hash: { description: 'A DAG hash.', pattern: '^[a-z2-7]{32}$' },
  month: { description: 'A month, UTC.', pattern: '^\\d{4}-\\d{2}$' },
  name: { description: 'A name from one of the lists.', pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' },
};

/** A short form of Spack's own schema. */
const SETTINGS_SCHEMA = {
  type: 'object',
  properties: { mirrors: { type: 'object' } },
  required: ['mirrors'],
};

/** Stability promise of this API. */
export const PROMISE = [
  'Within version 1, fields and endpoints may be added. Programs should ignore those that they do not know.',
  'Within version 1, no field is removed, changes its name, type or meaning, or becomes optional.',
  'A version 2 would have its own addresses. Those of version 1 would still be served for at least a year after version 2 is announced in `index.json`.',
  'Files for `include:`, named by their sha256, never change and are never removed.',
] as const;

/** This API in OpenAPI 3.1. */
export function describeOpenApi(catalog: SiteCatalog): object {
  const samples = sampleEndpoints(catalog);
  return {
    openapi: '3.1.0',
    info: {
      title: `Build cache ${mirrorName()}`,
      version: '1.0.0',
      summary: 'The content of a Spack build cache, as static JSON files.',
      description: PROMISE.join('\n\n'),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: siteAddress() }],
    security: [],
    tags: [
      { name: 'api', description: 'Documents of this API.' },
      { name: 'settings', description: 'Settings for Spack.' },
      { name: 'seed', description: 'Format of the first build caches on GitHub Pages: JSON served as HTML.' },
    ],
    paths: Object.fromEntries([
      ...ENDPOINTS.map((endpoint) => [
        endpoint.path,
        { get: describeGet(endpoint, samples.get(endpoint.name)) },
      ]),
      ['/api/index.json.asc', { get: signatureGet() }],
      ['/api/mirrors.yaml', { get: settingsGet() }],
      ['/api/mirrors/{name}.yaml', { get: settingsGet('name', 'view-all') }],
    ]),
    components: {
      schemas: Object.fromEntries(listSchemas()),
      responses: {
        missing: {
          description: 'There is no such document.',
          content: { 'text/html': { schema: { type: 'string' } } },
        },
      },
    },
  };
}

function describeGet(endpoint: Endpoint, sample: ApiSample | undefined): object {
  const isSeed = !endpoint.path.startsWith('/api/');
  const description = endpoint.schema.description ?? '';
  return {
    operationId: endpoint.name,
    tags: [isSeed ? 'seed' : 'api'],
    summary: (description.split('. ')[0] ?? '').replace(/\.$/, ''),
    description: `${description}\n\n${endpoint.freshness}`,
    ...parametersOf(parameterOf(endpoint), sample?.value),
    responses: {
      200: {
        description: 'The document.',
        content: isCompressed(endpoint)
          ? { 'application/gzip': { schema: jsonAsText(endpoint) } }
          : isSeed
            ? { 'text/html': { schema: jsonAsText(endpoint) } }
            : {
                'application/json': {
                  schema: { $ref: `#/components/schemas/${endpoint.shape}` },
                  example: sample?.document,
                },
              },
      },
      404: { $ref: '#/components/responses/missing' },
    },
  };
}

/** JSON served as HTML or compressed. OpenAPI describes it as text with a content schema. */
function jsonAsText({ shape }: Endpoint): object {
  return {
    type: 'string',
    contentMediaType: 'application/json',
    contentSchema: { $ref: `#/components/schemas/${shape}` },
  };
}

function signatureGet(): object {
  return {
    operationId: 'signature',
    tags: ['api'],
    summary: 'Signature of the index',
    description:
      'A detached, armored OpenPGP signature of `/api/index.json`, made with one of the keys in `/api/keys.json`. ' +
      'A cache without a key has no signature.',
    responses: {
      // Servers use different names for this type.
      200: { description: 'The signature.', content: { 'application/*': { schema: { type: 'string' } } } },
      404: { $ref: '#/components/responses/missing' },
    },
  };
}

function settingsGet(parameter?: string, value?: string): object {
  return {
    operationId: parameter === undefined ? 'settings' : 'other-settings',
    tags: ['settings'],
    summary: parameter === undefined ? 'Spack settings that add this cache' : 'Other Spack settings',
    description:
      parameter === undefined
        ? 'A `mirrors.yaml` for a configuration scope, with only the HTTPS mirror.'
        : 'Settings with a name from `/api/views.json`: `both`, `both-without-view`, `view-<view>`, `solver`, `solver-view-<view>`, `solver-env-<environment>`, or a sha256 for `include:`.',
    ...parametersOf(parameter, value),
    responses: {
      200: {
        description: 'The settings.',
        content: { 'text/yaml': { schema: SETTINGS_SCHEMA } },
      },
      404: { $ref: '#/components/responses/missing' },
    },
  };
}

function parametersOf(name: string | undefined, value: string | undefined): object {
  const parameter = name === undefined ? undefined : ownValue(PARAMETERS, name);
  if (parameter === undefined) return {};
  const { description, pattern } = parameter;
  return {
    parameters: [
      { name, in: 'path', required: true, description, schema: { type: 'string', pattern }, example: value },
    ],
  };
}
