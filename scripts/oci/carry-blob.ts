import type { Blob } from '../../site/schemas/build.ts';
import type { Layout } from './layout.ts';
import { parseReference } from './reference.ts';
import type { Registry } from './registry.ts';

/**
 * Brings a blob of another registry to the one that a layout is pushed to, unless it has it: the registry takes it from
 * another of its repositories where it can, else it is fetched and becomes part of the layout.
 */
export async function carryBlob(
  blob: Blob,
  from: Registry,
  { registry, layout }: { registry: Registry; layout: Layout },
): Promise<void> {
  if (from.reference === registry.reference || (await registry.hasBlob(blob))) return;
  const source = parseReference(from.reference);
  if (source.kind === 'remote' && (await registry.mountBlob(blob, source))) return;
  await layout.addStream(() => from.openBlob(blob), blob);
}
