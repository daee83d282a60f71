import { expect, test } from 'vitest';
import { ENDPOINTS } from './endpoints.ts';
import { listFields } from './fields.ts';
import { listSchemas } from './schemas.ts';

/**
 * The promise of version 1: every line of the stored file stays. New lines may be added to it (run vitest
 * with `-u`); changing or removing a line breaks other people's programs.
 */
test('no field of the API is changed or removed', async () => {
  const shapes = Object.fromEntries(
    [...listSchemas()].map(([shape, schema]) => [
      shape,
      listFields(schema).map(
        ({ path, type, optional }) => `${path}: ${type}${optional ? ', may be absent' : ''}`,
      ),
    ]),
  );
  const endpoints = ENDPOINTS.map(({ name, path, shape }) => `${name}: ${path} is ${shape}`);
  await expect(`${JSON.stringify({ endpoints, shapes }, undefined, 2)}\n`).toMatchFileSnapshot(
    '../../../tests/api/shapes.json',
  );
});

test('every field of every shape has a description', () => {
  const bare = [...listSchemas()].flatMap(([shape, schema]) =>
    listFields(schema)
      .filter(
        ({ path, description }) =>
          description === '' &&
          !/^nodes\[\]\.(arch\.target|external|annotations|build_spec|dependencies\[\]\.parameters)/.test(
            path,
          ),
      )
      .map(({ path }) => `${shape}: ${path}`),
  );
  expect(bare).toEqual([]);
});

test('published schemas allow new fields', () => {
  expect(JSON.stringify([...listSchemas().values()])).not.toContain('"additionalProperties":false');
});
