import { z } from 'zod';
import { Sha256 } from './digest.ts';
import { Count, foreignList, Text } from './values.ts';

/** Media types of the blobs of a v3 build cache. Source: Spack's `url_buildcache.py`. */
export const TARBALL_MEDIA_TYPE = 'application/vnd.spack.install.v2.tar+gzip';
export const SPEC_MEDIA_TYPE = 'application/vnd.spack.spec.v5+json';
export const INDEX_MEDIA_TYPE = 'application/vnd.spack.db.v8+json';
export const KEY_INDEX_MEDIA_TYPE = 'application/vnd.spack.keyindex.v1+json';
export const KEY_MEDIA_TYPE = 'application/pgp-keys';

/**
 * Length of the longest line that gpg signs completely, in characters. It cuts longer ones without an error.
 */
export const LINE_LIMIT_CHARACTERS = 19_995;

/** A blob that a manifest names. It has no URL, because it is under `blobs/` of the same mirror. */
export const BlobRecord = z.object({
  /** Bytes. */
  contentLength: Count,
  mediaType: Text,
  compression: z.enum(['gzip', 'none']),
  checksumAlgorithm: z.literal('sha256'),
  checksum: Sha256,
});
export type BlobRecord = z.infer<typeof BlobRecord>;

/** A manifest in a v3 build cache, for a spec (tarball and spec file), an index, a key or the key index. */
export const MirrorManifest = z.object({
  version: z.literal(3),
  data: foreignList(BlobRecord).refine((records) => records.length > 0, 'expected the record of a blob'),
});
export type MirrorManifest = z.infer<typeof MirrorManifest>;
