import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { readText, type MirrorFiles } from '../build-cache/mirror-files.ts';
import { describeError } from '../cli/command.ts';
import { isTemporary } from '../http/retry.ts';
import { drain } from '../mirror/blob-cache.ts';
import { verified } from '../oci/verify.ts';
import type { Diagnosis, FindingCode } from './diagnosis.ts';

/** Options for checking a site. */
export interface SiteCheck {
  site: MirrorFiles;
  /** The part of the catalog that an index can have. */
  indexed: Catalog;
  /** The index of everything, as it should be. */
  index: Blob;
  /** Maximum number of manifests and blobs to check. */
  limit: number;
  now: Date;
  /** Size limit of the site, in bytes. */
  budget: number;
  /** The commit from which the catalog is read; undefined outside git. */
  commit: string | undefined;
}

/** Limit for the texts of a site, which are smaller. */
export const TEXT_LIMIT_BYTES = 2 ** 22;

/**
 * Checks one file of a site. An unusable answer is a finding, but a temporary error is thrown and ends the
 * whole check.
 */
export async function lookAt(
  site: MirrorFiles,
  path: string,
  diagnosis: Diagnosis,
  look: () => Promise<void>,
): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (isTemporary(error)) throw error;
    diagnosis.add('site-file-refused', {
      where: site.locate(path),
      expected: 'the file, or the answer that there is none',
      found: describeError(error),
    });
  }
}

/** Checks a text that a site should serve; if its content is unknown, only that it exists. */
export function expectText(
  site: MirrorFiles,
  path: string,
  diagnosis: Diagnosis,
  {
    text,
    expected,
    differs,
    missing = differs,
  }: { text: string | undefined; expected: string; differs: FindingCode; missing?: FindingCode },
): Promise<void> {
  return lookAt(site, path, diagnosis, async () => {
    const served = await readText(site, path, TEXT_LIMIT_BYTES);
    const where = site.locate(path);
    if (served === undefined) diagnosis.add(missing, { where, expected, found: 'nothing' });
    else if (text !== undefined && served !== text)
      diagnosis.add(differs, { where, expected, found: 'another text' });
  });
}

/** Hashes a file of a site whose content is known. A stream is enough. */
export async function expectBytes(
  site: MirrorFiles,
  { path, blob }: { path: string; blob: Blob },
  diagnosis: Diagnosis,
  [code, expected]: readonly [FindingCode, string],
): Promise<void> {
  try {
    const stream = await site.open(path);
    if (stream) await drain(verified(stream, site.locate(path), blob));
    else throw new Error('nothing');
  } catch (error) {
    if (isTemporary(error)) throw error;
    diagnosis.add(code, { where: site.locate(path), expected, found: describeError(error) });
  }
}

/** Checks a blob that a site should serve by its size, if the site states the size. */
export async function expectSize(
  site: MirrorFiles,
  blob: Blob,
  diagnosis: Diagnosis,
  [code, expected]: readonly [FindingCode, string],
): Promise<void> {
  const path = mirrorBlobPath(blob.digest);
  const size = await site.sizeOf(path);
  if (size === blob.size || Number.isNaN(size)) return;
  const found = size === undefined ? 'nothing' : `${size} bytes`;
  diagnosis.add(code, { where: site.locate(path), expected, found });
}
