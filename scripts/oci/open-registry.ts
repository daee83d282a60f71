import { registryOf, type Stored } from '../../site/lib/registry-address.ts';
import { openDirectory } from './directory-registry.ts';
import { parseReference } from './reference.ts';
import { openRemote, type RemoteOptions } from './remote-registry.ts';
import type { Registry } from './registry.ts';

/**
 * Opens a registry; nothing is read yet.
 * @param reference `oci-layout:DIR`, `host/path`, or one with a scheme: `http://`, `https://`, `oci://`, `oci+http://`
 */
export function openRegistry(reference: string, options: RemoteOptions = {}): Registry {
  const parsed = parseReference(reference);
  return parsed.kind === 'directory' ? openDirectory(parsed.dir) : openRemote(parsed, options);
}

/** Finds the registry of a build, by its record. Each is opened once. */
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
