import { registryOf, type Stored } from '../../site/lib/registry-address.ts';
import { openDirectory } from './directory-registry.ts';
import { type Registry, parseReference } from './registry.ts';
import { openRemote, type RemoteOptions } from './remote-registry.ts';
import type { Blob } from '../../site/schemas/build.ts';
import type { Layout } from './layout.ts';

/**
 * Opens a registry without reading anything yet.
 * @param reference `oci-layout:DIR`, `host/path`, or one with a scheme: `http://`, `https://`, `oci://`,
 * `oci+http://`
 */
export function openRegistry(reference: string, options: RemoteOptions = {}): Registry {
  const parsed = parseReference(reference);
  return parsed.kind === 'directory' ? openDirectory(parsed.dir) : openRemote(parsed, options);
}

/** Returns the registry named in a build's record. Each is opened once. */
export type FindRegistry = (build: Stored) => Registry;

/** @param own the cache's own registry */
export function openRegistries(own: Registry): FindRegistry {
  const opened = new Map([[own.reference, own]]);
  return (build) => {
    const name = registryOf(build, own.reference);
    const registry = opened.get(name) ?? openRegistry(name);
    opened.set(name, registry);
    return registry;
  };
}

/**
 * Copies a blob from another registry to the one that a layout is pushed to, unless it is there. The blob is
 * mounted if both are repositories of one registry and it can do that, else fetched into the layout.
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
