import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { parseSettings } from '../site/schemas/settings.ts';
import { createCommand, runCommand } from './cli/command.ts';
import { describeNewKey, KEY_TYPES, makeKey, type KeyType } from './signing/key.ts';
import { writePrivateKey, writePublicKey } from './signing/key-file.ts';

interface Options {
  catalog?: string;
  out: string;
  name: string;
  email?: string;
  type: KeyType;
  import?: string;
}

const command = createCommand({
  verb: 'key',
  description:
    'Makes a key that signs builds: the public half goes to the catalog, the private half to a file ' +
    'that is to become the secret SIGNING_KEY.',
  examples: [
    'node scripts/key.ts',
    'node scripts/key.ts --name "Our cluster" --email admin@example.org --out new-key.asc',
    'node scripts/key.ts --out - | gh secret set SIGNING_KEY',
    'node scripts/key.ts --import public-key.asc',
  ],
})
  .option('--catalog <dir>', 'the catalog (default: CATALOG_DIR, or site/content)')
  .option('--out <file>', 'a new file for the private half, - for standard output', 'signing-key.asc')
  .option('--name <name>', 'who signs, as `spack gpg list` shows it', 'Spack build cache')
  .option('--email <address>', 'an address to go with the name')
  .addOption(
    new Option('--type <type>', 'rsa for clients whose gpg knows no Ed25519')
      .choices(KEY_TYPES)
      .default(KEY_TYPES[0]),
  )
  .option('--import <file>', 'make no key, take in an armored public key instead')
  .action(run);

async function run(options: Options): Promise<void> {
  const catalog = options.catalog ?? parseSettings(process.env).CATALOG_DIR;
  if (options.import !== undefined) {
    const { fingerprint, written } = await writePublicKey(catalog, await readFile(options.import, 'utf8'));
    console.error(
      `${written ? 'Took in' : 'Nothing new in'} key ${fingerprint}: ${catalog}/keys/${fingerprint}.asc`,
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
