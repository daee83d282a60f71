import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom } from '../../site/schemas/digest.ts';
import { parseMirrorManifest } from '../build-cache/mirror-manifest.ts';
import type { Site } from './open-site.ts';

const MANIFEST_LIMIT_BYTES = 2 ** 20;

/** The blob that a site's manifest of an index or a key names; undefined where there is no manifest that can be read. */
export async function readBlobRecord(site: Site, path: string): Promise<Blob | undefined> {
  const text = await site.readText(path, MANIFEST_LIMIT_BYTES);
  if (text === undefined) return undefined;
  try {
    const [record] = parseMirrorManifest(text, path).data;
    return record && { digest: digestFrom(record.checksum), size: record.contentLength };
  } catch {
    return undefined;
  }
}
