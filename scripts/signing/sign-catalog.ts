import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import glob from 'fast-glob';
import pMap from 'p-map';
import { z } from 'zod';
import { Build } from '../../site/schemas/build.ts';
import { readCatalogFile } from '../catalog/catalog.ts';
import { expectSite, replaceFile } from '../cli/files.ts';
import { withProgress } from '../cli/progress.ts';
import { specManifestText } from '../build-cache/mirror-manifest.ts';
import { type Signer, signDetached, signManifest } from './signer.ts';
import { splitSigned, verifyManifest } from '../../site/lib/spack/signed-manifest.ts';
import { IndexDocument } from '../../site/schemas/api/index-document.ts';

/** Number of files read or written at a time. */
const CONCURRENCY = 16;

/** A manifest and its new text. */
export interface SignedFile {
  /** Relative to the catalog, with `/`. */
  path: string;
  text: string;
}

/** Lists the spec manifests in a catalog, sorted, without symbolic links. */
export async function listManifests(catalog: string): Promise<string[]> {
  return (
    await glob('manifests/*/*.spec.manifest.json', { cwd: catalog, followSymbolicLinks: false })
  ).sort();
}

/**
 * Signs manifests of a catalog in memory: those without a signature, or with `all` also those that this key
 * has not signed yet. Only signs a manifest that agrees with its build's file; anything else throws before a
 * file is changed. A signature has the date of its build, so that signing again gives the same bytes.
 */
export async function signManifests(
  catalog: string,
  paths: string[],
  signer: Signer,
  all: boolean,
): Promise<SignedFile[]> {
  const files = await withProgress('signing', paths.length, 'manifests', (progress) =>
    pMap(
      paths,
      async (path) => {
        const text = await signFile(catalog, path, signer, all);
        progress.advance();
        return text === undefined ? [] : [{ path, text }];
      },
      { concurrency: CONCURRENCY },
    ),
  );
  return files.flat();
}

/** Writes signed manifests, each replaced as a whole. */
export function writeSignedManifests(catalog: string, files: SignedFile[]): void {
  for (const { path, text } of files) replaceFile(join(catalog, path), text);
}

/** Signs one manifest; undefined when the file should not change. */
async function signFile(
  catalog: string,
  path: string,
  signer: Signer,
  all: boolean,
): Promise<string | undefined> {
  const where = join(catalog, path);
  const current = await readFile(where, 'utf8');
  const { text, signed } = splitSigned(current, where);
  if (signed && !all) return undefined;
  const build = readCatalogFile(catalog, buildPathOf(path), Build);
  if (!build || text !== specManifestText(build.tarball, build.image.config)) {
    throw new Error(
      `${where}: expected the manifest of the tarball and config that ${buildPathOf(path)} names, ` +
        'found something else, which is not signed; restore both files from git',
    );
  }
  if (signed && (await isSignedBy(current, signer))) return undefined;
  return signManifest(text, signer, new Date(build.published));
}

/** Maps `manifests/<name>/<stem>.spec.manifest.json` to `builds/<name>/<stem>.json`. */
function buildPathOf(manifestPath: string): string {
  return manifestPath.replace(/^manifests\//, 'builds/').replace(/\.spec\.manifest\.json$/, '.json');
}

async function isSignedBy(current: string, signer: Signer): Promise<boolean> {
  return verifyManifest(current, [signer.publicKey]).then(
    () => true,
    () => false,
  );
}

/** The part of the index that is read here. */
const DatedIndex = z.object({ updated: IndexDocument.shape.updated });

/** Date of the signature of an empty cache. Every key is newer, so the key's creation date is used. */
const NO_DATE = '1970-01-01T00:00:00Z';

/**
 * Writes the detached signature of a built site's `api/index.json` next to it. It has the date of the data,
 * or the key's creation date if that is later, so that the same data and key give the same bytes. Without a
 * signer, removes an earlier signature, which would no longer match.
 * @returns a sentence that says what was done
 */
export async function signIndex(dist: string, signer: Signer | undefined): Promise<string> {
  const file = join(dist, 'api/index.json');
  const signatureFile = `${file}.asc`;
  expectSite(dist, 'api/index.json');
  const text = await readFile(file);
  if (!signer) {
    await rm(signatureFile, { force: true });
    return 'No key in SIGNING_KEY: the index of the API stays unsigned.';
  }
  const { updated = NO_DATE } = DatedIndex.parse(JSON.parse(text.toString()));
  replaceFile(signatureFile, await signDetached(text, signer, new Date(updated)));
  return `Signed the index of the API with key ${signer.fingerprint}: ${signatureFile}`;
}
