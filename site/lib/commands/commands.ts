import { escapeUnsafe } from '../../schemas/safe-text.ts';
import { fileStem } from '../../schemas/node.ts';
import { hexOf } from '../../schemas/digest.ts';
import type { CatalogBuild, PublicKey, SiteCatalog } from '../catalog/site-catalog.ts';
import { blobUrlPath, externalUrl, manifestUrlPath, siteAddress, mirrorName } from '../url.ts';
import { isLocal, registryMirrorName, registryOf, spackUrlOf, withoutScheme } from '../registry-address.ts';

/** Page that explains Spack and how to install it. */
export const SPACK_MANUAL = 'https://spack.readthedocs.io/en/latest/getting_started.html';

/** Trusts the public keys of all mirrors. Without it, Spack refuses signed binaries. */
export const TRUST_KEYS = 'spack buildcache keys --install --trust';

/** Adds this cache to Spack; needed once per machine. */
export function addMirrorCommands({ keys }: SiteCatalog): string[] {
  if (keys.length === 0)
    return [`spack mirror add --type binary --unsigned ${mirrorName()} ${siteAddress()}`];
  return [`spack mirror add --type binary ${mirrorName()} ${siteAddress()}`, TRUST_KEYS];
}

/** Adds each registry as another mirror. Spack does not check signatures there. */
export function addRegistryCommands({ registries }: SiteCatalog): string[] {
  return registries.map(
    (registry, index) =>
      `spack mirror add --type binary ${registryMirrorName(mirrorName(), index)} ${spackUrlOf(registry)}`,
  );
}

/** Installs one build and its dependencies from binaries only. */
export function installCommands({ build }: CatalogBuild): string[] {
  return [`spack install --use-buildcache only /${build.hash}`];
}

/** Repository of a build's image. Undefined if nobody can pull it. */
export function imageRepository({ build }: CatalogBuild, { registry }: SiteCatalog): string | undefined {
  return isLocal(registry) ? undefined : withoutScheme(registryOf(build, registry));
}

/** `registry:tag` of a build's image. Undefined if nobody can pull it. */
export function imageReference(entry: CatalogBuild, catalog: SiteCatalog): string | undefined {
  const repository = imageRepository(entry, catalog);
  return repository && `${repository}:${entry.build.image.tag}`;
}

/** Fetches a build's tarball and verifies it as far as possible without Spack. */
export function verifyCommands(entry: CatalogBuild, catalog: SiteCatalog): string[] {
  const { build, signed } = entry;
  const manifest = `${fileStem(build)}.spec.manifest.json`;
  const sum = hexOf(build.tarball.digest);
  const check = `echo '${sum}  tarball.tar.gz' | sha256sum --check`;
  if (!catalog.plan.served.has(build.hash)) {
    const repository = imageRepository(entry, catalog);
    if (repository === undefined) return [];
    return [`oras blob fetch --output tarball.tar.gz ${repository}@${build.tarball.digest}`, check];
  }
  const fetch = `curl -fsSo tarball.tar.gz ${externalUrl(blobUrlPath(build.tarball.digest))}`;
  if (!signed) return [fetch, check];
  return [
    ...catalog.keys.map((key) => `curl -fsS ${externalUrl(keyPath(key))} | gpg --import`),
    `curl -fsSo '${manifest}' ${externalUrl(manifestUrlPath(build))}`,
    // Searches only the text that the signature covers.
    `gpg --output signed.json --decrypt '${manifest}' && grep ${sum} signed.json`,
    fetch,
    check,
  ];
}

/** Path of a public key on the site. */
export function keyPath({ fingerprint }: PublicKey): string {
  return `/keys/${fingerprint}.asc`;
}

/** Quotes a text as one shell word. Characters that could control a terminal are written as `\uXXXX`. */
export function quoteWord(unsafeText: string): string {
  const text = escapeUnsafe(unsafeText);
  return /^[A-Za-z0-9_@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
