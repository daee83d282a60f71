import pMap from 'p-map';
import prettyBytes from 'pretty-bytes';
import type { MirrorPlan } from '../../site/lib/mirror/plan.ts';
import type { Blob, Build } from '../../site/schemas/build.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { blobPath } from '../oci/layout.ts';
import { isErrorCode } from '../cli/files.ts';
import { parseReference } from '../oci/reference.ts';
import type { Registry } from '../oci/registry.ts';
import { startProgress } from '../cli/progress.ts';
import { drain, type BlobCache } from './blob-cache.ts';
import type { Dist } from './dist.ts';

/** Transfers at a time: enough to fill a line with small files, few enough for any registry. */
const TRANSFERS = 8;

interface Wanted {
  build: Build;
  kind: 'tarball' | 'spec file';
  blob: Blob;
}

/** Brings the blobs that the plan serves from the registry into `dist/`, each checked before it is placed. */
export async function placeServedBlobs(
  plan: MirrorPlan,
  builds: Catalog['builds'],
  { registry, cache, dist }: { registry: Registry; cache: BlobCache; dist: Dist },
): Promise<void> {
  const wanted = [...builds.values()].flatMap((build): Wanted[] => [
    ...(plan.served.has(build.hash) ? [{ build, kind: 'tarball', blob: build.tarball } as const] : []),
    ...(plan.servedConfigs.has(build.hash)
      ? [{ build, kind: 'spec file', blob: build.image.config } as const]
      : []),
  ]);
  for (const { build } of plan.retired) wanted.push({ build, kind: 'tarball', blob: build.tarball });
  const progress = startProgress('fetching', wanted.length, 'blobs');
  const abort = new AbortController();
  try {
    await pMap(
      wanted,
      async (item) => {
        const file = await findFile(item, registry, cache, abort.signal);
        await dist.addFile(item.blob, file);
        progress.advance();
      },
      { concurrency: TRANSFERS },
    );
  } finally {
    abort.abort();
    progress.stop();
  }
}

/** A registry that is a directory has the file already: it is checked and used where it lies. */
async function findFile(
  { build, kind, blob }: Wanted,
  registry: Registry,
  cache: BlobCache,
  signal: AbortSignal,
): Promise<string> {
  const reference = parseReference(registry.reference);
  try {
    if (reference.kind === 'remote') return await cache.fetch(blob, () => registry.openBlob(blob), signal);
    await drain(await registry.openBlob(blob));
    return blobPath(reference.dir, blob.digest);
  } catch (cause) {
    if (isErrorCode(cause, 'ENOSPC')) {
      throw new Error(`the disk is full: free ${prettyBytes(blob.size)} or more, and run it again`, {
        cause,
      });
    }
    throw new Error(
      `the ${kind} of ${build.name}@${build.version}/${build.hash} could not be fetched from ${registry.reference}; ` +
        'if the registry answers, publish the build again, or remove it from the catalog',
      { cause },
    );
  }
}
