import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Everything that `npm start` makes; git ignores it and it may be deleted at any time. */
const WORK_FOLDER = '.work';
const LOCK_POLL_MS = 500;

/** Where `npm start` keeps what it makes of one build cache. */
export interface WorkFolder {
  root: string;
  /** OCI image layout. */
  registry: string;
  catalog: string;
  /** Private key made for the purpose. */
  key: string;
}

/** The folder of a cache: each cache has its own, so that two never mix. */
export async function openWorkFolder(cache: string, name?: string): Promise<WorkFolder> {
  const path = resolve(cache);
  const id = createHash('sha256').update(path).digest('hex').slice(0, 8);
  const root = join(WORK_FOLDER, name ?? `${basename(path).replace(/[^\w.-]/g, '_')}-${id}`);
  await mkdir(root, { recursive: true });
  return {
    root,
    registry: join(root, 'registry'),
    catalog: join(root, 'catalog'),
    key: join(root, 'signing-key.asc'),
  };
}

/** Waits until no other start works in the folder; returns what gives it free again. */
export async function lockWorkFolder(folder: WorkFolder): Promise<() => Promise<void>> {
  const path = join(folder.root, 'lock');
  let told = false;
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner > 0 && isRunning(owner)) {
      if (!told) console.error(`Waiting for another start (process ${owner}) that works in ${folder.root} …`);
      told = true;
      await sleep(LOCK_POLL_MS);
    } else {
      // Its owner was killed, or has not yet written its number.
      await sleep(owner > 0 ? 0 : LOCK_POLL_MS);
      if ((await readFile(path, 'utf8').catch(() => '')) === (owner > 0 ? String(owner) : ''))
        await rm(path, { force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
