import { parseSettings } from '../site/schemas/settings.ts';
import { createCommand, runCommand } from './cli/command.ts';
import { readLock } from './coverage/lock.ts';
import { importBuilds } from './import/import-builds.ts';
import { openSource } from './import/open-source.ts';
import { importText } from './import/report.ts';
import { selectBuilds } from './import/select.ts';
import { openRegistry } from './oci/open-registry.ts';
import { readTrustedKeys } from './publish/publish-cache.ts';
import { readSigner } from './signing/signature.ts';

const command = createCommand({
  verb: 'import',
  description:
    'Takes builds from a cache that exists: a mirror of layout v3 or v2, a build cache in a registry, or pages as ' +
    'autamus/spack-build-cache has them. Each build passes the checks of publish; what does not is left out and named, ' +
    'and the exit code is 1. Safe to run again after any interruption: it goes on where it stopped.',
  examples: [
    'node scripts/import.ts https://cache.example.org/mirror --trust keys.asc',
    'node scripts/import.ts oci://ghcr.io/owner/cache --dry-run',
    'node scripts/import.ts https://binaries.spack.io/v1.1.0 --spec "zlib-ng target=x86_64_v3" --trust spack.asc',
    'node scripts/import.ts ./old-mirror --lock spack.lock --unsigned',
  ],
})
  .argument('<SOURCE>', 'a directory, an http(s) address, or a registry (oci://host/path, oci-layout:DIR)')
  .option(
    '--spec <spec...>',
    'only what fits one of these, and what that needs to run: name, name@1.2:1.4, /hash',
  )
  .option('--lock <file>', 'only what is in this spack.lock')
  .option('--trust <file>', 'take only what these armored public keys signed')
  .option('--unsigned', 'with --trust: take what is not signed, too')
  .option('--dry-run', 'read and check the spec files; fetch no tarball and write nothing')
  .option('--registry <registry>', 'where to (default: REGISTRY, or oci-layout:.work/registry)')
  .option('--catalog <dir>', 'the catalog (default: CATALOG_DIR, or site/content)')
  .action(importCache);

interface Options extends Partial<Record<'lock' | 'trust' | 'registry' | 'catalog', string>> {
  spec?: string[];
  unsigned?: boolean;
  dryRun?: boolean;
}

async function importCache(place: string, options: Options): Promise<void> {
  const { registry, catalog, dryRun: isDryRun = false } = options;
  const settings = parseSettings({
    ...process.env,
    ...(registry && { REGISTRY: registry }),
    ...(catalog && { CATALOG_DIR: catalog }),
  });
  const signer = await readSigner(process.env);
  const keys = options.trust === undefined ? [] : [await readTrustedKeys(options.trust)];
  const source = await openSource(place, { keys, unsigned: options.unsigned ?? false });
  const { builds, unmatched } = await source.list();
  const lock = options.lock === undefined ? undefined : await readLock(options.lock);
  const selected = selectBuilds(builds, { specs: options.spec ?? [], lock });
  const destination = {
    registry: openRegistry(settings.REGISTRY),
    catalogDirectory: settings.CATALOG_DIR,
    signer,
    environment: process.env,
  };
  const result = await importBuilds(source, selected, { destination, isDryRun });
  console.error(importText(source.address, unmatched, result, { isDryRun, isSigned: signer !== undefined }));
  if (result.refused.length + unmatched.length > 0) process.exitCode = 1;
}

await runCommand(command);
