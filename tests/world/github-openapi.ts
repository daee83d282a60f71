import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

/**
 * What GitHub's published OpenAPI description says of the requests that this project makes. The stand-in of GitHub's API
 * takes its answers from the description's examples, and holds each against the description before it sends it.
 * The file is cut out by `tests/tools/slice-openapi.ts`.
 */
const FILE = resolve(import.meta.dirname, '../fixtures/github-openapi.json');
const METHODS = ['get', 'post', 'patch', 'delete'];

type Json = Record<string, unknown>;

interface Operation {
  method: string;
  pattern: RegExp;
  /** JSON pointer to its responses. */
  pointer: string;
  responses: Json;
}

let description: Json | undefined;
let operations: Operation[] | undefined;
let ajv: Ajv | undefined;
const validators = new Map<string, ValidateFunction>();

/** A successful answer of an operation, as GitHub's own example has it, with some properties replaced. */
export function sampleAnswer(method: string, path: string, properties: object = {}): Json {
  const sample: unknown = exampleOf(method, path);
  return { ...(Array.isArray(sample) ? (sample[0] as Json) : (sample as Json)), ...properties };
}

/** What an answer has that the description does not know, or lacks that it has; undefined for one that is as described. */
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
  // Refusals are described in part only: of the dispatch of a workflow, none.
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
  // `/issues/1/labels` is nearer than a pattern with more names in braces.
  return found.sort((a, b) => b.pattern.source.length - a.pattern.source.length)[0];
}

function listOperations(): Operation[] {
  return Object.entries((readDescription()['paths'] ?? {}) as Record<string, Json>).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({
      method: method.toUpperCase(),
      // Branches and trees may have slashes in their names.
      pattern: new RegExp(
        `^${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (/branch|tree_sha/.test(name) ? '.+' : '[^/]+'))}$`,
      ),
      pointer: `#/paths/${escapePointer(path)}/${method}/responses`,
      responses: (item[method] as { responses: Json }).responses,
    })),
  );
}

/** JSON pointer to the schema of an answer's body; undefined when it has none. */
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
    // OpenAPI 3.0 is not JSON Schema to the letter: it has words of its own.
    ajv = new Ajv({ strict: false, allErrors: false });
    formats.default(ajv);
    ajv.addSchema(nullableToNull(readDescription()) as Json, 'github');
  }
  return ajv;
}

/** OpenAPI's `nullable` beside no `type`, in the way of JSON Schema; Ajv knows the one beside a `type`. */
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
