import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createMessage, sign } from 'openpgp';
import { z } from 'zod';
import { IndexDocument } from '../../site/schemas/api/index-document.ts';
import { replaceFile } from '../cli/files.ts';
import type { Signer } from './signer.ts';

/** What of the index is read here. */
const DatedIndex = z.object({ updated: IndexDocument.shape.updated });

/** The date of a signature over an empty cache; a key's first day comes later anyway. */
const NO_DATE = '1970-01-01T00:00:00Z';

/**
 * Writes the detached signature of a built site's `api/index.json` next to it. It is dated as the data is (or as the
 * key's first day, when that is later), so that the same data and key give the same bytes.
 * Without a signer, an earlier signature is removed: it would not fit.
 * @returns a sentence that says what was done
 */
export async function signIndex(dist: string, signer: Signer | undefined): Promise<string> {
  const file = join(dist, 'api/index.json');
  const signatureFile = `${file}.asc`;
  const text = await readFile(file).catch((cause: unknown) => {
    throw new Error(`${file}: expected the index of a built site, found none; run \`npm run build\` first`, {
      cause,
    });
  });
  if (!signer) {
    await rm(signatureFile, { force: true });
    return 'No key in SIGNING_KEY: the index of the API stays unsigned.';
  }
  const { updated = NO_DATE } = DatedIndex.parse(JSON.parse(text.toString()));
  const date = new Date(updated);
  const signature = await sign({
    message: await createMessage({ binary: text }),
    signingKeys: signer.key,
    signingKeyIDs: signer.keyId,
    detached: true,
    date: date < signer.notBefore ? signer.notBefore : date,
    // Off: a random salt, which would make each signature different.
    config: { nonDeterministicSignaturesViaNotation: false },
  });
  replaceFile(signatureFile, signature.replaceAll('\r\n', '\n'));
  return `Signed the index of the API with key ${signer.fingerprint}: ${signatureFile}`;
}
