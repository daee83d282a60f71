import { join } from 'node:path';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { DAY_MS } from '../../site/lib/format.ts';
import { fingerprintOf, readPublicKeys } from '../../site/lib/spack/public-key.ts';
import { describeError } from '../cli/command.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';

/** Consumers have to fetch an extended key: time for several of these weekly runs. */
const SOON_DAYS = 60;

/** Looks whether the public keys can be read, are named for themselves, and are good for some time yet. */
export async function checkKeys(
  { directory, catalog: { keys } }: ExaminedCatalog,
  diagnosis: Diagnosis,
  now: Date,
): Promise<void> {
  for (const [id, armored] of keys) {
    const where = join(directory, catalogPath('keys', id));
    try {
      for (const key of await readPublicKeys(armored)) {
        const fingerprint = fingerprintOf(key);
        if (fingerprint !== id)
          diagnosis.add('key-misnamed', {
            where,
            expected: `the key ${id}`,
            found: `the key ${fingerprint}`,
          });
        if (await key.isRevoked())
          diagnosis.add('key-revoked', {
            where,
            expected: 'a key that signs',
            found: 'one that was revoked',
          });
        const expires = await key.getExpirationTime();
        if (!(expires instanceof Date)) continue;
        const found = `it expires on ${expires.toISOString().slice(0, 10)}`;
        if (expires <= now) diagnosis.add('key-expired', { where, expected: 'a key that is valid', found });
        else if (expires.getTime() - now.getTime() < SOON_DAYS * DAY_MS)
          diagnosis.add('key-expires-soon', {
            where,
            expected: `a key that is valid for ${SOON_DAYS} days`,
            found,
          });
      }
    } catch (error) {
      diagnosis.add('key-unreadable', {
        where,
        expected: 'an armored public key',
        found: describeError(error),
      });
    }
  }
  diagnosis.count('catalog', 'keys are valid', keys.size);
}
