import { z } from 'zod';
import { ENDPOINTS } from './endpoints.ts';
import { schemaLink } from './links.ts';

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** JSON Schemas keyed by shape name, without address or examples. */
export function listSchemas(): Map<string, JsonSchema> {
  return new Map(ENDPOINTS.map(({ shape, schema }) => [shape, toJsonSchema(schema)]));
}

/** The schema of a shape as a separate file. */
export function schemaDocument(shape: string, schema: JsonSchema, sample: unknown): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: schemaLink(shape),
    title: shape,
    ...schema,
    ...(sample === undefined ? {} : { examples: [sample] }),
  };
}

/**
 * Converts a schema. Published schemas allow unknown fields, although none are written: a program that keeps
 * a copy of the schema must not break when a field is added.
 */
function toJsonSchema(schema: z.ZodType): JsonSchema {
  const converted = z.toJSONSchema(schema, {
    // As input, fields with a default may be absent: nodes are passed on as Spack wrote them.
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // A format of zod's own that validators do not know. A pattern has the same rule.
      if (jsonSchema.format === 'starts_with') delete jsonSchema.format;
    },
  });
  delete converted.$schema;
  return converted;
}
