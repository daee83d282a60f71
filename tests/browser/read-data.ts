import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { z } from 'zod';

/** Reads a data file of a built site by its name: `packages`, `graph/0`. */
export async function readData<Shape>(dist: string, name: string, schema: z.ZodType<Shape>): Promise<Shape> {
  const bytes = await readFile(join(dist, `data/${name}.json.gz`));
  return schema.parse(JSON.parse(gunzipSync(bytes).toString()));
}
