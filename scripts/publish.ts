import { Option } from 'commander';
import { addDestination, createCommand, runCommand } from './cli/command.ts';
import { readAllowedHashes } from './concretize/plan-files.ts';
import { listSpecFiles } from './publish/name-collisions.ts';
import {
  checkTarballs,
  openDestination,
  publishEntries,
  readTrustedKeys,
  describePublish,
} from './publish/publish-cache.ts';
import { readBuildCache } from './build-cache/build-cache.ts';

const command = addDestination(
  createCommand({
    verb: 'publish',
    description:
      'Checks a build cache that `spack buildcache push` wrote, pushes it to the registry and adds it to the catalog. ' +
      'If one entry is not what it claims to be, the whole directory is refused. Safe to run again.',
    examples: [
      'node scripts/publish.ts ./my-cache',
      'node scripts/publish.ts ./my-cache --registry ghcr.io/owner/repo --allow hashes.txt',
      'SIGNING_KEY="$(cat signing-key.asc)" node scripts/publish.ts ./my-cache --trust builder.asc',
    ],
  }).argument('<CACHE_DIR>', 'a v3 build cache directory'),
)
  .option('--allow <FILE>', 'refuse every DAG hash that is not in this list, one per line')
  .addOption(new Option('--plan <FILE>', 'the earlier name of --allow').hideHelp().conflicts('allow'))
  .option('--trust <FILE>', 'refuse every entry that these armored public keys did not sign')
  .action(publish);

type Options = Partial<Record<'registry' | 'catalog' | 'allow' | 'plan' | 'trust', string>>;

async function publish(
  cacheDirectory: string,
  { plan, allow = plan, trust, ...options }: Options,
): Promise<void> {
  const destination = await openDestination(options);
  const entries = await readBuildCache(cacheDirectory, {
    ...(allow === undefined ? {} : { allowed: readAllowedHashes(allow) }),
    ...(trust === undefined ? {} : { trust: [await readTrustedKeys(trust)] }),
  });
  if (entries.length === 0)
    throw new Error(
      `${cacheDirectory}: expected builds to publish, found none; check the path, and put packages there with ` +
        `\`spack buildcache push ${cacheDirectory} SPEC\``,
    );
  const names = listSpecFiles(destination.catalogDirectory);
  const checked = await checkTarballs(entries, names);
  const resolution = await publishEntries(checked, { ...destination, names });
  const signatures = { isSigned: destination.signer !== undefined, isTrusted: trust !== undefined };
  console.error(describePublish(cacheDirectory, checked, resolution, signatures));
}

await runCommand(command);
