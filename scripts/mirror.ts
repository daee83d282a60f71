import { deleteReplacedVersion } from './github/package-versions.ts';
import { addDestination, createCommand, overrideSettings, runCommand } from './cli/command.ts';
import { annotate } from './github/actions.ts';
import { openBlobCache } from './mirror/blob-cache.ts';
import { openDist } from './mirror/dist.ts';
import { planDeployment, readDeployment, writeMirror, describeMirror } from './mirror/deployment.ts';
import { expectWithin } from './mirror/shrink-to-budget.ts';
import { updateIndexImages } from './mirror/indexes.ts';
import { openRegistries, openRegistry } from './oci/open-registry.ts';
import { readDate } from './publish/origin.ts';

const command = addDestination(
  createCommand({
    verb: 'mirror',
    description:
      'Adds what Spack downloads to a built site, within the budget, and updates the registry’s index.',
    examples: [
      'node scripts/mirror.ts',
      'node scripts/mirror.ts --registry ghcr.io/owner/repo --budget 900MB',
    ],
  }),
  false,
)
  .option('--dist <DIR>', 'the built site', 'dist')
  .option('--budget <SIZE>', 'the limit for site and mirror together (default: PAGES_BUDGET, or 900MB)')
  .option('--blobs <DIR>', 'folder that keeps blobs from the registry for the next run', '.work/blobs')
  .action(mirror);

type Options = Record<'dist' | 'blobs', string> & Partial<Record<'registry' | 'catalog' | 'budget', string>>;

async function mirror(options: Options): Promise<void> {
  const settings = overrideSettings({
    REGISTRY: options.registry,
    CATALOG_DIR: options.catalog,
    PAGES_BUDGET: options.budget,
  });
  const { catalog, input, leftOut } = readDeployment(settings);
  for (const sentence of leftOut) annotate('warning', sentence);
  const registry = openRegistry(settings.REGISTRY);
  const findRegistry = openRegistries(registry);
  const cache = openBlobCache(options.blobs);
  const dist = await openDist(options.dist);
  const now = new Date(readDate(process.env, new Date()));
  const { planned, plan, live } = await planDeployment(input, settings, { cache, dist, now });
  const all = await writeMirror(plan, { catalog, live }, { findRegistry, cache, dist });
  expectWithin(settings.PAGES_BUDGET, dist);
  // Update indexes last, so that readers of a registry's index find its builds on the site, too.
  const read = { catalog, retired: (input.retired ?? []).map(({ build }) => build) };
  const index = { blob: all, file: dist.pathOf(all) };
  const isIndexNew = await updateIndexImages(registry, read, index, async ({ reference }, digest) => {
    const failure = await deleteReplacedVersion(reference, digest, process.env);
    if (failure !== undefined) annotate('warning', failure);
  });
  console.error(describeMirror(plan, { planned, dist, isIndexNew }));
}

await runCommand(command);
