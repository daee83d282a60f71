import { z } from 'zod';
import { ENDPOINTS } from './endpoints.ts';
import { schemaLink } from './links.ts';

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The JSON Schema of each shape by its name, without address or examples. */
export function listSchemas(): Map<string, JsonSchema> {
  return new Map(ENDPOINTS.map(({ shape, schema }) => [shape, toJsonSchema(schema)]));
}

/** A shape's schema as a file of its own. */
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
 * Fields that a schema does not know are allowed in what is published, though none is written: a program that keeps
 * a copy must not break when one is added.
 */
function toJsonSchema(schema: z.ZodType): JsonSchema {
  const converted = z.toJSONSchema(schema, {
    // As input, what has a default may be absent: nodes are passed on as Spack wrote them.
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // zod's own word, which no validator knows; a pattern says the same.
      if (jsonSchema.format === 'starts_with') delete jsonSchema.format;
    },
  });
  delete converted.$schema;
  return converted;
}
