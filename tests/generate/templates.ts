import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DagHash } from '../../site/schemas/digest.ts';
import { Dependency, ParameterValue } from '../../site/schemas/node.ts';

const REAL_NODES = new URL('../fixtures/real-nodes/', import.meta.url);
const LOCK_FILES = ['x86_64_v3.lock.json', 'neoverse_v1.lock.json'];

/** A node concretized by Spack, with all properties to keep. */
export const Template = z.object({
  name: z.string(),
  version: z.string(),
  namespace: z.string(),
  parameters: z.record(z.string(), ParameterValue),
  patches: z.array(z.string()).optional(),
  external: z.looseObject({}).optional(),
  package_hash: z.string(),
  dependencies: z.array(Dependency).default([]),
  annotations: z.looseObject({}),
  hash: DagHash,
});
export type Template = z.infer<typeof Template>;

const Lock = z.object({ concrete_specs: z.record(DagHash, Template) });

/** Reads the real nodes, keyed by hash, in the order of the lock files. */
export function readTemplates(): Map<DagHash, Template> {
  const templates = new Map<DagHash, Template>();
  for (const name of LOCK_FILES) {
    const lock = Lock.parse(JSON.parse(readFileSync(new URL(name, REAL_NODES), 'utf8')));
    for (const [hash, template] of Object.entries(lock.concrete_specs)) templates.set(hash, template);
  }
  return templates;
}
