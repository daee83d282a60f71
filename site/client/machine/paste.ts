import type { DagHash } from '../../schemas/digest.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { Node } from '../../schemas/node.ts';
import { z } from 'zod';

/** Concretized specs that a reader pasted. */
export interface PastedSpecs {
  roots: DagHash[];
  nodes: Map<DagHash, Node>;
}

/** One spec from `spack spec --json`, or a spec file of a build cache or an install tree. */
const SpecDocument = z.object({ spec: z.object({ nodes: z.array(Node).min(1) }) });
const NodeList = z.array(Node).min(1);

/** Parses a `spack.lock` or the output of `spack spec --json`. Throws a sentence that says what is wrong. */
export function parsePaste(text: string): PastedSpecs {
  const documents = parseDocuments(text);
  const specs: PastedSpecs = { roots: [], nodes: new Map() };
  for (const document of documents) readDocument(document, specs);
  return specs;
}

function readDocument(document: unknown, specs: PastedSpecs): void {
  const lock = LockFile.safeParse(document);
  if (lock.success) {
    specs.roots.push(...lock.data.roots.map(({ hash }) => hash));
    addNodes(Object.values(lock.data.concrete_specs), specs);
    return;
  }
  const spec = SpecDocument.safeParse(document);
  if (spec.success) {
    const { nodes } = spec.data.spec;
    if (nodes[0]) specs.roots.push(nodes[0].hash);
    addNodes(nodes, specs);
    return;
  }
  const list = NodeList.safeParse(document);
  if (list.success) {
    specs.roots.push(...list.data.map(({ hash }) => hash));
    addNodes(list.data, specs);
    return;
  }
  const nearest = hasKey(document, 'concrete_specs') ? lock.error : spec.error;
  const [issue] = nearest.issues;
  throw new Error(
    `This is JSON, but neither a spack.lock nor the output of “spack spec --json”: ${issue?.path.join('.') || 'at the top'}: ${issue?.message}. Use the output of Spack 1.0 or newer.`,
  );
}

function addNodes(nodes: readonly Node[], specs: PastedSpecs): void {
  for (const node of nodes) specs.nodes.set(node.hash, node);
}

function hasKey(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && key in value;
}

/** Parses one JSON document, or several with one per line, as in the output of `spack spec --json A B`. */
function parseDocuments(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch (cause) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length > 1 && lines.every((line) => line.startsWith('{'))) {
      try {
        return lines.map((line): unknown => JSON.parse(line));
      } catch {
        // The first error is more helpful.
      }
    }
    throw new Error(
      'Expected the output of “spack arch” (linux-rocky9-zen3), a system and a CPU (Rocky 9, zen3), or a complete spack.lock or output of “spack spec --json”; this is cut off or something else.',
      { cause },
    );
  }
}
