import { addDestination, createCommand, printable, runCommand } from './cli/command.ts';
import { readLock } from './coverage/lock.ts';
import { importBuilds, importText } from './import/import-builds.ts';
import { openSource } from './import/open-source.ts';
import { selectBuilds } from './import/select.ts';
import { openDestination, readTrustedKeys } from './publish/publish-cache.ts';

const command = addDestination(
  createCommand({
    verb: 'import',
    description:
      'Imports builds from another cache: a mirror of layout v3 or v2, a build cache in a registry, or a site like that of ' +
      'autamus/spack-build-cache. Each build has to pass the checks of publish. Builds that do not are left out and named, ' +
      'and the exit code is 1. Without --trust no signature is checked. What is imported is signed with SIGNING_KEY, if it ' +
      'is set. Safe to run again after an interruption: it continues where it stopped.',
    examples: [
      'node scripts/import.ts https://cache.example.org/mirror --trust keys.asc',
      'node scripts/import.ts oci://ghcr.io/owner/cache --dry-run',
      'node scripts/import.ts https://binaries.spack.io/v1.1.0 --spec "zlib-ng target=x86_64_v3" --trust spack.asc',
      'node scripts/import.ts ./old-mirror --lock spack.lock --trust keys.asc --unsigned',
    ],
  }),
)
  .argument('<SOURCE>', 'a directory, an http(s) address, or a registry (oci://host/path, oci-layout:DIR)')
  .option(
    '--spec <SPEC...>',
    'only builds that match one of these, and their run-time dependencies: name, name@1.2:1.4, "name target=x86_64_v3", /hash',
  )
  .option('--lock <FILE>', 'only specs of this spack.lock, and their run-time dependencies')
  .option('--trust <FILE>', 'only builds that one of these armored public keys signed')
  .option('--unsigned', 'with --trust: also builds without a signature', false)
  .option('--dry-run', 'read and check the spec files; download no tarball and write nothing', false)
  .action(importCache);

type Options = Partial<Record<'lock' | 'trust' | 'registry' | 'catalog', string>> &
  Record<'unsigned' | 'dryRun', boolean> & { spec?: string[] };

async function importCache(place: string, { dryRun: isDryRun, ...options }: Options): Promise<void> {
  if (options.unsigned && options.trust === undefined)
    throw new Error(
      '--unsigned: expected --trust FILE as well, with the keys for the other builds, found none; ' +
        'without --trust no signature is checked, so --unsigned has no effect',
    );
  const destination = await openDestination(options);
  const keys = options.trust === undefined ? [] : [await readTrustedKeys(options.trust)];
  const source = await openSource(place, { keys, unsigned: options.unsigned });
  const { builds, unmatched } = await source.list();
  if (builds.length + unmatched.length === 0)
    throw new Error(`${source.address}: expected builds to import, found none; check the address`);
  const lock = options.lock === undefined ? undefined : await readLock(options.lock);
  const selected = selectBuilds(builds, { specs: options.spec ?? [], lock });
  const say = (kind: string, sentence: string) => console.error(`${kind}: ${printable(sentence)}`);
  for (const sentence of unmatched) say('not imported', sentence);
  const result = await importBuilds(source, selected, { destination, isDryRun, say });
  const isSigned = destination.signer !== undefined;
  console.error(importText(source.address, unmatched.length, result, { isDryRun, isSigned }));
  if (result.refused + unmatched.length > 0) process.exitCode = 1;
}

await runCommand(command);
