import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mergePublicKey } from './key.ts';
import { fingerprintOf, readPublicKeys } from '../../site/lib/spack/public-key.ts';
import { readIfThere, replaceFile } from '../cli/files.ts';

/**
 * Adds a public key to a catalog as `keys/<FINGERPRINT>.asc`. Returns its fingerprint and whether a file was
 * written; writes none when the catalog already has the whole key.
 */
export async function writePublicKey(
  catalog: string,
  armored: string,
): Promise<{ fingerprint: string; written: boolean }> {
  const [key] = await readPublicKeys(armored);
  const fingerprint = key ? fingerprintOf(key) : '';
  const path = join(catalog, 'keys', `${fingerprint}.asc`);
  const current = readIfThere(path)?.toString('utf8');
  const text = await mergePublicKey(current, armored).catch((cause: unknown) => {
    throw new Error(`${path}: this public key cannot be imported`, { cause });
  });
  if (text === current) return { fingerprint, written: false };
  await mkdir(dirname(path), { recursive: true });
  replaceFile(path, text, { flush: true });
  return { fingerprint, written: true };
}

/** Writes a private key to a new file that only its owner may read. */
export async function writePrivateKey(path: string, armored: string): Promise<void> {
  await writeFile(path, armored, { mode: 0o600, flag: 'wx' }).catch((cause: unknown) => {
    throw new Error(`${path}: expected to create a new file for the private key; name another with --out`, {
      cause,
    });
  });
}
