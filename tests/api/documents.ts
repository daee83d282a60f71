import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { ENDPOINTS, isCompressed, type Endpoint } from '../../site/lib/api/endpoints.ts';
import { listFiles } from '../browser/site.ts';

/** A document of a built site. */
export interface ServedDocument {
  /** Path below the site's address. */
  path: string;
  endpoint: Endpoint;
  text: string;
}

/** Reads every JSON file of the API, and the seed's; throws for a file without an endpoint. */
export async function readDocuments(dist: string): Promise<ServedDocument[]> {
  const paths = (await listFiles(dist)).filter((path) => /^\/api\/.*\.json(\.gz)?$|^\/manifest\//.test(path));
  const documents: ServedDocument[] = [];
  for (const path of paths) {
    // Their formats are defined elsewhere: OpenAPI, JSON Schema and SPDX.
    if (path === '/api/openapi.json' || /^\/api\/(schemas|sbom)\//.test(path)) continue;
    const served = path.replace(/index\.html$/, '');
    const endpoint = ENDPOINTS.find((candidate) => patternOf(candidate).test(served));
    if (!endpoint) throw new Error(`${path}: no endpoint has this file`);
    const bytes = await readFile(join(dist, path));
    const text = (isCompressed(endpoint) ? gunzipSync(bytes) : bytes).toString('utf8');
    documents.push({ path: served, endpoint, text });
  }
  return documents;
}

/** Lists the errors found by the published JSON Schemas, one per line. */
export async function findMisfits(dist: string, documents: readonly ServedDocument[]): Promise<string[]> {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true, allErrors: true });
  addFormats.default(ajv);
  const validators = new Map<string, ReturnType<typeof ajv.compile>>();
  for (const { shape } of ENDPOINTS) {
    if (validators.has(shape)) continue;
    const schema: object = JSON.parse(await readFile(join(dist, `api/schemas/${shape}.json`), 'utf8'));
    validators.set(shape, ajv.compile(schema));
  }
  return documents.flatMap(({ path, endpoint, text }) => {
    const validate = validators.get(endpoint.shape);
    if (validate?.(JSON.parse(text))) return [];
    return [`${path}: ${ajv.errorsText(validate?.errors)}`];
  });
}

function patternOf({ path }: Endpoint): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
