import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { catalogOption, createCommand, runCommand } from './cli/command.ts';
import {
  KEY_TYPES,
  type KeyType,
  describeNewKey,
  makeKey,
  writePrivateKey,
  writePublicKey,
} from './signing/key.ts';

type Options = Record<'catalog' | 'out' | 'name', string> &
  Partial<Record<'email' | 'import', string>> & { type: KeyType };

const command = createCommand({
  verb: 'key',
  description:
    'Creates a signing key. The public key goes into the catalog, the private key into a file ' +
    'whose content becomes the secret SIGNING_KEY.',
  examples: [
    'node scripts/key.ts',
    'node scripts/key.ts --name "Our cluster" --email admin@example.org --out new-key.asc',
    'node scripts/key.ts --out - | gh secret set SIGNING_KEY',
    'node scripts/key.ts --import public-key.asc',
  ],
})
  .addOption(catalogOption())
  .option('--out <FILE>', 'a new file for the private key, - for standard output', 'signing-key.asc')
  .option('--name <NAME>', 'name of the signer, as shown by `spack gpg list`', 'Spack build cache')
  .option('--email <ADDRESS>', 'email address of the signer')
  .addOption(
    new Option('--type <TYPE>', 'rsa for clients whose gpg does not support Ed25519')
      .choices(KEY_TYPES)
      .default(KEY_TYPES[0]),
  )
  .option('--import <FILE>', 'add an existing armored public key instead of creating one')
  .action(run);

async function run(options: Options): Promise<void> {
  const { catalog } = options;
  if (options.import !== undefined) {
    const { fingerprint, written } = await writePublicKey(catalog, await readFile(options.import, 'utf8'));
    console.error(
      `${written ? 'Added' : 'Nothing new in'} key ${fingerprint}: ${catalog}/keys/${fingerprint}.asc`,
    );
    return;
  }
  const pair = await makeKey({ ...options, date: new Date() });
  if (options.out === '-') process.stdout.write(pair.privateKey);
  else await writePrivateKey(options.out, pair.privateKey);
  await writePublicKey(catalog, pair.publicKey);
  console.error(describeNewKey({ fingerprint: pair.fingerprint, catalog, out: options.out }));
}

await runCommand(command);
