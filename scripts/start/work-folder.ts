import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Everything that `npm start` makes; git ignores it and it may be deleted at any time. */
const WORK_FOLDER = '.work';

/** Where `npm start` keeps what it makes of one build cache. */
export interface WorkFolder {
  root: string;
  /** OCI image layout. */
  registry: string;
  catalog: string;
  /** Private key made for the purpose. */
  key: string;
}

/** The folder of a cache, or of the sample: each has its own, so that two never mix. */
export async function openWorkFolder(cache: string | undefined): Promise<WorkFolder> {
  const root = join(WORK_FOLDER, cache === undefined ? 'sample' : nameFolder(cache));
  await mkdir(root, { recursive: true });
  return {
    root,
    registry: join(root, 'registry'),
    catalog: join(root, 'catalog'),
    key: join(root, 'signing-key.asc'),
  };
}

function nameFolder(cache: string): string {
  const id = createHash('sha256').update(cache).digest('hex').slice(0, 8);
  return `${basename(cache).replace(/[^\w.-]/g, '_')}-${id}`;
}
