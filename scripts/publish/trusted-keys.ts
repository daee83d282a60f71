import { readFileSync } from 'node:fs';
import { readPublicKeys } from '../spack/public-key.ts';

/** Reads a file of armored public keys; throws one sentence when there is none in it. */
export async function readTrustedKeys(file: string): Promise<string> {
  try {
    const armored = readFileSync(file, 'utf8');
    if ((await readPublicKeys(armored)).length > 0) return armored;
  } catch (cause) {
    throw new Error(
      `${file}: expected armored public keys (-----BEGIN PGP PUBLIC KEY BLOCK-----), found something else; ` +
        'export them with `gpg --armor --export ID`',
      { cause },
    );
  }
  throw new Error(
    `${file}: expected armored public keys, found none; export them with \`gpg --armor --export ID\``,
  );
}
