import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { parseMirrorManifest } from '../../scripts/build-cache/mirror-manifest.ts';
import { splitSigned } from '../../site/lib/spack/signed-manifest.ts';
import { manifestUrlPath } from '../../site/lib/url.ts';
import { SpecDocument } from '../../site/schemas/api/spec-document.ts';

/** Number of blobs read and hashed at a time. */
const BLOBS = 4;

/**
 * Lists wrong digests and sizes in builds' documents, one line each: reads and hashes each blob of the
 * registry, and compares each manifest of the mirror.
 * @param layout the registry, an OCI layout
 */
export async function findWrongDigests(
  texts: readonly string[],
  { layout, dist }: { layout: string; dist: string },
): Promise<string[]> {
  const findings = await pMap(
    texts,
    async (text) => {
      const { build } = SpecDocument.parse(JSON.parse(text));
      const { hash, tarball, image } = build;
      const wrong: string[] = [];
      for (const { digest, size } of [tarball, image.config, image]) {
        const bytes = await readFile(join(layout, 'blobs', digest.replace(':', '/')));
        if (digestOf(bytes) !== digest || bytes.length !== size) wrong.push(`${hash}: ${digest}`);
      }
      const manifest = join(dist, decodeURIComponent(manifestUrlPath(build)));
      const named = parseMirrorManifest(
        splitSigned(await readFile(manifest, 'utf8'), manifest).text,
        manifest,
      ).data.map(({ checksum }) => `sha256:${checksum}`);
      for (const digest of [tarball.digest, image.config.digest])
        if (!named.includes(digest)) wrong.push(`${hash}: the mirror's manifest does not name ${digest}`);
      return wrong;
    },
    { concurrency: BLOBS },
  );
  return findings.flat();
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
