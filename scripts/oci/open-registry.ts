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
