import { signIndex } from './signing/sign-catalog.ts';
import { createCommand, runCommand } from './cli/command.ts';
import { readSigner } from './signing/signer.ts';

const command = createCommand({
  verb: 'sign-index',
  description:
    "Signs the index of a built site's API with the key in SIGNING_KEY: api/index.json.asc, a detached signature. " +
    'The index has the sha256 of every list, so this one signature vouches for all of them. Without a key ' +
    'none is written.',
  examples: ['SIGNING_KEY="$(cat signing-key.asc)" node scripts/sign-index.ts --dist dist'],
})
  .option('--dist <DIR>', 'the built site', 'dist')
  .action(async ({ dist }: { dist: string }) => {
    const signer = await readSigner(process.env);
    console.error(await signIndex(dist, signer));
  });

await runCommand(command);
