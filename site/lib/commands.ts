import { fileStem } from '../schemas/node.ts';
import { hexOf } from '../schemas/digest.ts';
import type { CatalogBuild, PublicKey, SiteCatalog } from './shape-catalog.ts';
import { blobUrlPath, externalUrl, manifestUrlPath, siteAddress } from './url.ts';

/** The name that commands give this mirror: the site's last path segment, or its host's first label. */
export function mirrorName(): string {
  const { hostname, pathname } = new URL(siteAddress());
  const name = pathname.split('/').filter(Boolean).at(-1) ?? hostname.split('.')[0] ?? '';
  return name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'build-cache';
}

/** Adds this cache to Spack; once a machine. */
export function addMirrorCommands({ keys }: SiteCatalog): string[] {
  if (keys.length === 0)
    return [`spack mirror add --type binary --unsigned ${mirrorName()} ${siteAddress()}`];
  return [
    `spack mirror add --type binary ${mirrorName()} ${siteAddress()}`,
    'spack buildcache keys --install --trust',
  ];
}

/** Adds the registry as a second mirror; its binaries come without a signature. */
export function addRegistryCommands({ registry }: SiteCatalog): string[] {
  if (isLocal(registry)) return [];
  const scheme = registry.startsWith('http://') ? 'oci+http' : 'oci';
  return [`spack mirror add --type binary ${mirrorName()}-registry ${scheme}://${withoutScheme(registry)}`];
}

/** Installs one build and what it needs from binaries alone. */
export function installCommands({ build }: CatalogBuild): string[] {
  return [`spack install --use-buildcache only /${build.hash}`];
}

/** Whether a registry is a folder of the machine that built the site. */
export function isLocal(registry: string): boolean {
  return registry.startsWith('oci-layout:');
}

/** A registry as clients of OCI write it: `host/path`. */
function withoutScheme(registry: string): string {
  return registry.replace(/^https?:\/\//, '');
}

/** `registry:tag` of a build's image; none when nobody can pull it. */
export function imageReference({ build }: CatalogBuild, { registry }: SiteCatalog): string | undefined {
  return isLocal(registry) ? undefined : `${withoutScheme(registry)}:${build.image.tag}`;
}

/** Fetches a build's tarball and checks what can be checked without Spack. */
export function verifyCommands(entry: CatalogBuild, catalog: SiteCatalog): string[] {
  const { build, signed } = entry;
  const manifest = `${fileStem(build)}.spec.manifest.json`;
  const sum = hexOf(build.tarball.digest);
  const check = `echo '${sum}  tarball.tar.gz' | sha256sum --check`;
  if (!catalog.plan.served.has(build.hash)) {
    if (isLocal(catalog.registry)) return [];
    return [
      `oras blob fetch --output tarball.tar.gz ${withoutScheme(catalog.registry)}@${build.tarball.digest}`,
      check,
    ];
  }
  const fetch = `curl -fsSo tarball.tar.gz ${externalUrl(blobUrlPath(build.tarball.digest))}`;
  if (!signed) return [fetch, check];
  return [
    ...catalog.keys.map((key) => `curl -fsS ${externalUrl(keyPath(key))} | gpg --import`),
    `curl -fsSo '${manifest}' ${externalUrl(manifestUrlPath(build))}`,
    // What is searched is only the text that the signature covers.
    `gpg --output signed.json --decrypt '${manifest}' && grep ${sum} signed.json`,
    fetch,
    check,
  ];
}

/** Where the site serves a public key as a file. */
export function keyPath({ fingerprint }: PublicKey): string {
  return `/keys/${fingerprint}.asc`;
}

/** A text as one word of a shell. */
export function quoteWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The repository in the registry, without a scheme; none when nobody can pull from it. */
export function repositoryOf({ registry }: SiteCatalog): string | undefined {
  return isLocal(registry) ? undefined : withoutScheme(registry);
}

/** `registry:tag` of an environment's image, as publishing names it; none when nobody can pull it. */
export function environmentImage(name: string, catalog: SiteCatalog): string | undefined {
  const repository = repositoryOf(catalog);
  return repository && `${repository}:env-${name}`;
}
