import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from '../../site/schemas/build.ts';
import { digestFrom, type Digest } from '../../site/schemas/digest.ts';
import type { Descriptor } from '../../site/schemas/image-manifest.ts';
import { withDirectoryLock } from '../oci/directory-lock.ts';
import { contentsOf } from '../oci/directory-registry.ts';
import { blobPath, readIndex, tagOf } from '../oci/layout.ts';
import { type Registry, parseReference } from '../oci/registry.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';

/** Minimum age of an orphan: a running push has blobs that no tag names yet. */
const YOUNG_MS = 3_600_000;

/** Whether a folder has a build's tag, and files for its blobs. */
export function isListed({ image, tarball }: Build, { tags, blobs }: Folder): boolean {
  return (
    tags.get(image.tag) === image.digest &&
    blobs.has(image.digest) &&
    blobs.has(image.config.digest) &&
    blobs.has(tarball.digest)
  );
}

/** An OCI layout, listed once. */
export interface Folder {
  dir: string;
  entries: readonly Descriptor[];
  tags: ReadonlyMap<string, Digest>;
  blobs: ReadonlySet<Digest>;
}

/** Lists a registry that is a folder; undefined for others, which cannot list their blobs. */
export async function listFolder(registry: Registry): Promise<Folder | undefined> {
  const reference = parseReference(registry.reference);
  if (reference.kind !== 'directory') return undefined;
  const { dir } = reference;
  const entries = (await readIndex(dir)) ?? [];
  return {
    dir,
    entries,
    tags: new Map(
      entries.flatMap((entry) => {
        const tag = tagOf(entry);
        return tag === undefined ? [] : [[tag, entry.digest] as const];
      }),
    ),
    blobs: new Set((await readdir(join(dir, 'blobs/sha256')).catch(() => [])).map(digestFrom)),
  };
}

/** Reports blobs of a folder that no image needs. */
export async function checkOrphans(
  { catalog, removed }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { now }: { now: Date },
  { dir, entries, blobs }: Folder,
): Promise<void> {
  const known = new Set<Digest>();
  const graced = [...removed.values()].flatMap(({ grace }) => grace?.build ?? []);
  for (const { image, tarball } of [...catalog.builds.values(), ...graced])
    known.add(image.digest).add(image.config.digest).add(tarball.digest);
  let unknown = [...blobs].filter((digest) => !known.has(digest));
  // Images that the catalog describes are only read if the other images do not explain all blobs.
  const described = new Set([...catalog.builds.values()].map(({ image }) => image.digest));
  for (const isDescribed of [false, true]) {
    if (unknown.length === 0) break;
    for (const entry of entries.filter(({ digest }) => described.has(digest) === isDescribed)) {
      // An unreadable image is a separate finding.
      for (const { digest } of await contentsOf(dir, dir, [entry]).catch(() => [])) known.add(digest);
    }
    unknown = unknown.filter((digest) => !known.has(digest));
  }
  for (const digest of unknown) {
    const file = blobPath(dir, digest);
    const age = now.getTime() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? Infinity);
    if (age < YOUNG_MS) continue;
    diagnosis.add('blob-orphan', {
      where: file,
      expected: 'blobs that an image names',
      found: 'one that no image names',
      fix: () => withDirectoryLock(dir, () => rm(file, { force: true })),
    });
  }
  diagnosis.count('registry', 'every blob is named by an image', blobs.size);
}
