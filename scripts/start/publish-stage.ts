import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runNode } from './child.ts';
import { fingerprint, readStamp, writeStamp } from './fingerprint.ts';
import type { WorkFolder } from './work-folder.ts';

/**
 * Brings a build cache into the folder's registry and catalog, signed with the folder's own key.
 * @param complete what else the catalog gets, once the builds are in it
 */
export async function publishCache(
  folder: WorkFolder,
  cache: string,
  complete?: (catalog: string) => void,
): Promise<void> {
  const stampFile = join(folder.root, 'published.stamp');
  const stamp = await fingerprint([cache], [cache]);
  if ((await readStamp(stampFile)) === stamp && (await isComplete(folder))) {
    console.error(`Published already, and unchanged since: ${cache}`);
    return;
  }
  const catalog = ['--catalog', folder.catalog];
  if (!(await exists(folder.key))) {
    // What it says is advice for a key that is to be kept.
    const out = ['--out', folder.key, '--name', 'Local build cache'];
    await runNode('making a key', ['scripts/key.ts', ...catalog, ...out], { onLine: () => undefined });
    console.error(`Made a key to sign with: ${folder.key}`);
  }
  const env = { SIGNING_KEY: await readFile(folder.key, 'utf8'), SIGNING_KEY_PASSPHRASE: '' };
  console.error(`Publishing ${cache} …`);
  const registry = ['--registry', `oci-layout:${folder.registry}`];
  await runNode('publishing', ['scripts/publish.ts', cache, ...registry, ...catalog], { env });
  if (!(await exists(join(folder.catalog, 'manifests')))) return;
  await runNode('signing', ['scripts/sign.ts', ...catalog], { env });
  complete?.(folder.catalog);
  writeStamp(stampFile, stamp);
}

async function isComplete(folder: WorkFolder): Promise<boolean> {
  const needed = [folder.key, join(folder.catalog, 'builds'), join(folder.registry, 'index.json')];
  return (await Promise.all(needed.map(exists))).every(Boolean);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
