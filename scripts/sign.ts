import { createCommand, runCommand } from './cli/command.ts';
import { writePublicKey } from './signing/key.ts';
import { listManifests, signManifests, writeSignedManifests } from './signing/sign-catalog.ts';
import { readSigner } from './signing/signer.ts';

interface Options {
  catalog: string;
  all: boolean;
}

const command = createCommand({
  verb: 'sign',
  description:
    'Signs the manifests in the catalog with the key in SIGNING_KEY (an armored private key; ' +
    'SIGNING_KEY_PASSPHRASE if it has one).',
  examples: [
    'SIGNING_KEY="$(cat signing-key.asc)" node scripts/sign.ts',
    'SIGNING_KEY="$(cat new-key.asc)" node scripts/sign.ts --all   # after a rotation',
  ],
})
  .existingCatalog()
  .option('--all', 'also re-sign what another key has signed (default: only what is unsigned)', false)
  .action(signAll);

async function signAll({ catalog, all }: Options): Promise<void> {
  const signer = await readSigner(process.env);
  if (!signer) {
    throw new Error(
      'SIGNING_KEY: expected an armored private key in this environment variable, found nothing; ' +
        'make a key with `node scripts/key.ts`',
    );
  }
  const paths = await listManifests(catalog);
  const files = await signManifests(catalog, paths, signer, all);
  const { written } = await writePublicKey(catalog, signer.publicKey);
  if (written) console.error(`Wrote the public key to ${catalog}/keys/${signer.fingerprint}.asc.`);
  writeSignedManifests(catalog, files);
  console.error(
    `Signed ${files.length} of ${paths.length} manifests with key ${signer.fingerprint}; ` +
      `${paths.length - files.length} were signed already.`,
  );
}

await runCommand(command);
