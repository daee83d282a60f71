import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

/**
 * The part of GitHub's published OpenAPI description for the requests that this project makes. The stand-in
 * for GitHub's API takes its responses from the description's examples, and checks each against the
 * description before sending it. The file is extracted by `tests/tools/slice-openapi.ts`.
 */
const FILE = resolve(import.meta.dirname, '../fixtures/github-openapi.json');
const METHODS = ['get', 'post', 'patch', 'delete'];

type Json = Record<string, unknown>;

interface Operation {
  method: string;
  pattern: RegExp;
  /** JSON pointer to the responses. */
  pointer: string;
  responses: Json;
}

let description: Json | undefined;
let operations: Operation[] | undefined;
let ajv: Ajv | undefined;
const validators = new Map<string, ValidateFunction>();

/** Returns GitHub's example of a successful response of an operation, with some properties replaced. */
export function sampleAnswer(method: string, path: string, properties: object = {}): Json {
  const sample: unknown = exampleOf(method, path);
  return { ...(Array.isArray(sample) ? (sample[0] as Json) : (sample as Json)), ...properties };
}

/** Finds a difference between a response and its description, such as an unknown or missing property. */
export function findMisfit(method: string, path: string, status: number, body: string): string | undefined {
  const where = `${method} ${path} ${status}`;
  const operation = findOperation(method, path);
  if (!operation) return `${where}: no such operation among tests/fixtures/github-openapi.json`;
  const response = resolveReference(operation.responses[status]);
  if (response === undefined && status < 400) return `${where}: not a status of this operation`;
  const pointer = response ? schemaPointer(operation, status) : undefined;
  if (pointer === undefined && status < 400)
    return body === '' ? undefined : `${where}: expected no body, found ${body}`;
  if (body === '') return `${where}: expected a body, found none`;
  // Not all errors are described: for the dispatch of a workflow, none are.
  const validate = validatorOf(pointer ?? '#/components/schemas/basic-error');
  return validate(JSON.parse(body)) ? undefined : `${where}: ${readAjv().errorsText(validate.errors)}`;
}

function exampleOf(method: string, path: string): unknown {
  const responses = findOperation(method, path.replaceAll(/\{\w+\}/g, 'x'))?.responses ?? {};
  const status = Object.keys(responses).find((each) => each.startsWith('2')) ?? '';
  const content = contentOf(resolveReference(responses[status]));
  const [example] = Object.values((content?.['examples'] ?? {}) as Json);
  const { value } = (resolveReference(example) ?? {}) as { value?: unknown };
  if (value === undefined) throw new Error(`${method} ${path}: GitHub's description has no example`);
  return structuredClone(value);
}

function findOperation(method: string, path: string): Operation | undefined {
  operations ??= listOperations();
  const found = operations.filter((each) => each.method === method && each.pattern.test(path));
  // `/issues/1/labels` is more specific than a pattern with more names in braces.
  return found.sort((a, b) => b.pattern.source.length - a.pattern.source.length)[0];
}

function listOperations(): Operation[] {
  return Object.entries((readDescription()['paths'] ?? {}) as Record<string, Json>).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({
      method: method.toUpperCase(),
      // Names of branches and trees may contain slashes.
      pattern: new RegExp(
        `^${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (/branch|tree_sha/.test(name) ? '.+' : '[^/]+'))}$`,
      ),
      pointer: `#/paths/${escapePointer(path)}/${method}/responses`,
      responses: (item[method] as { responses: Json }).responses,
    })),
  );
}

/** JSON pointer to the schema of a response body; undefined when there is none. */
function schemaPointer({ pointer, responses }: Operation, status: number): string | undefined {
  const response = responses[status] as { $ref?: string };
  const place = response.$ref ?? `${pointer}/${status}`;
  const content = contentOf(resolveReference(response));
  return content ? `${place}/content/application~1json/schema` : undefined;
}

function contentOf(response: unknown): Json | undefined {
  return (response as { content?: Record<string, Json> } | undefined)?.content?.['application/json'];
}

function resolveReference(value: unknown): unknown {
  const { $ref } = (value ?? {}) as { $ref?: string };
  if ($ref === undefined) return value;
  const keys = $ref.slice('#/'.length).split('/');
  return keys.reduce<unknown>((each, key) => (each as Json | undefined)?.[key], readDescription());
}

function validatorOf(pointer: string): ValidateFunction {
  const known = validators.get(pointer) ?? readAjv().compile({ $ref: `github${pointer}` });
  validators.set(pointer, known);
  return known;
}

function readAjv(): Ajv {
  if (!ajv) {
    // OpenAPI 3.0 differs from JSON Schema: it has keywords of its own.
    ajv = new Ajv({ strict: false, allErrors: false });
    formats.default(ajv);
    ajv.addSchema(nullableToNull(readDescription()) as Json, 'github');
  }
  return ajv;
}

/** Converts OpenAPI's `nullable` without `type` to JSON Schema; Ajv supports it only next to a `type`. */
function nullableToNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullableToNull);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Json = Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, nullableToNull(each)]),
  );
  if (copy['nullable'] !== true || copy['type'] !== undefined) return copy;
  delete copy['nullable'];
  return { anyOf: [{ type: 'null' }, copy] };
}

function readDescription(): Json {
  return (description ??= JSON.parse(readFileSync(FILE, 'utf8')) as Json);
}

function escapePointer(text: string): string {
  return encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
}
