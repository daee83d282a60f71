import type { JsonSchema } from './api-schemas.ts';

/** A field of a document as the documentation shows it. */
export interface Field {
  /** `builds[].links.page`. */
  path: string;
  /** `text`, `number`, `list of text` … */
  type: string;
  optional: boolean;
  description: string;
}

/** Every field of a shape, each followed by its own. */
export function listFields(schema: JsonSchema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]): Field[] => {
    const path = `${prefix}${name}`;
    return [
      {
        path,
        type: typeOf(field),
        optional: !schema.required?.includes(name),
        description: field.description ?? '',
      },
      ...listFields(field, `${path}.`),
      ...(field.items ? listFields(field.items, `${path}[].`) : []),
    ];
  });
}

function typeOf(schema: JsonSchema): string {
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.format === 'uri') return 'address';
  if (schema.format === 'date-time') return 'moment';
  if (schema.type === 'string') return 'text';
  return typeof schema.type === 'string' ? schema.type : 'anything';
}
