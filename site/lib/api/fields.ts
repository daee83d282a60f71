import type { JsonSchema } from './schemas.ts';

/** A field of a document in the documentation. */
export interface Field {
  /** `builds[].links.page`. */
  path: string;
  /** `text`, `number`, `list of text` … */
  type: string;
  optional: boolean;
  description: string;
}

/** All fields of a shape, each followed by the fields inside it. */
export function listFields(schema: JsonSchema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, part]): Field[] => {
    const [field] = schemasIn(part);
    if (!field) return [];
    const path = `${prefix}${name}`;
    return [
      {
        path,
        type: typeOf(field),
        optional: !schema.required?.includes(name),
        description: field.description ?? '',
      },
      ...listFields(field, `${path}.`),
      ...schemasIn(field.items).flatMap((item) => listFields(item, `${path}[].`)),
    ];
  });
}

function typeOf(schema: JsonSchema): string {
  const [item] = schemasIn(schema.items);
  if (item) return `list of ${typeOf(item)}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.anyOf) return [...new Set(schemasIn(schema.anyOf).map(typeOf))].join(' or ');
  if (schema.format === 'uri') return 'address';
  if (schema.format === 'date-time') return 'moment';
  if (schema.type === 'string') return 'text';
  return Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'anything');
}

/** The schemas in a value for which JSON Schema allows one schema, several, or a boolean. */
function schemasIn(value: JsonSchema['items'] | JsonSchema['anyOf']): JsonSchema[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((part) => typeof part === 'object');
}
