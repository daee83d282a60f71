import { z } from 'zod';
import { ENDPOINTS } from './api-endpoints.ts';
import { schemaLink } from './api-links.ts';

/** A JSON Schema, draft 2020-12, as far as it is read here. */
export interface JsonSchema {
  $schema?: string;
  $id?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  format?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: unknown;
  examples?: unknown[];
}

/** The JSON Schema of each shape by its name, without address or examples. */
export function listSchemas(): Map<string, JsonSchema> {
  return new Map(ENDPOINTS.map(({ shape, schema }) => [shape, toJsonSchema(schema)]));
}

/** A shape's schema as a file of its own. */
export function schemaDocument(shape: string, schema: JsonSchema, sample: unknown): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: schemaLink(shape),
    title: shape,
    ...schema,
    ...(sample === undefined ? {} : { examples: [sample] }),
  };
}

/**
 * Fields that a schema does not know are allowed in what is published, though none is written: a program that keeps
 * a copy must not break when one is added.
 */
function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    // As input, what has a default may be absent: nodes are passed on as Spack wrote them.
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  // zod's own type of the same.
  return JSON.parse(JSON.stringify(rest)) as JsonSchema;
}
