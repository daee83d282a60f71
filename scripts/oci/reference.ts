import { isLoopback } from '../http/request.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** Protocol of a registry: TLS, plain HTTP, or whichever of the two answers. */
export type Transport = 'https' | 'http' | 'either';

/** A repository of a registry. */
export interface RemoteReference {
  kind: 'remote';
  /** Host name or address, with its port, if any. */
  host: string;
  /** The repository's path in lower case. */
  path: string;
  transport: Transport;
}

/** An OCI image layout on disk. */
export interface DirectoryReference {
  kind: 'directory';
  dir: string;
}

const LAYOUT_PREFIX = 'oci-layout:';
const SCHEMES: Record<string, Transport> = {
  'http://': 'http',
  'oci+http://': 'http',
  'https://': 'https',
  'oci://': 'https',
};

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;
/** Source: the OCI distribution specification 1.1, `<name>`. */
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/**
 * Parses a registry's reference. Converts the path to lower case, which registries require: an owner's name
 * on GitHub may have upper case letters. Without a scheme `localhost` uses plain HTTP (as in ORAS), any other
 * loopback address whichever answers (as in Docker), all other hosts HTTPS.
 */
export function parseReference(reference: string): RemoteReference | DirectoryReference {
  if (reference.startsWith(LAYOUT_PREFIX)) {
    const dir = reference.slice(LAYOUT_PREFIX.length);
    if (dir === '') throw new Error(`registry "${reference}": expected a directory after ${LAYOUT_PREFIX}`);
    return { kind: 'directory', dir };
  }
  const scheme = Object.keys(SCHEMES).find((prefix) => reference.startsWith(prefix)) ?? '';
  const [, host = '', mixedCase = ''] = /^([^/]*)\/(.*?)\/?$/.exec(reference.slice(scheme.length)) ?? [];
  const path = mixedCase.toLowerCase();
  if (!HOST.test(host) || !looksLikeHost(host) || !PATH.test(path)) {
    throw new Error(
      `registry "${reference}": expected oci-layout:DIR or host/path without a tag, such as ghcr.io/owner/repo`,
    );
  }
  return { kind: 'remote', host, path, transport: ownValue(SCHEMES, scheme) ?? transportOf(host) };
}

/** Rejects `owner/repo` without a host: Docker would look on Docker Hub, which is never meant here. */
function looksLikeHost(host: string): boolean {
  return /[.:[]/.test(host) || host === 'localhost';
}

function transportOf(host: string): Transport {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (name === 'localhost') return 'http';
  return isLoopback(name) ? 'either' : 'https';
}
