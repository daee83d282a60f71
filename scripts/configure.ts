import { appendFileSync } from 'node:fs';
import { parseSettings } from '../site/schemas/settings.ts';
import { createCommand, runCommand } from './cli/command.ts';
import { forgetCatalog, readCache, chooseRegistry, isForeign, siteUrlOf } from './commit/catalog-owner.ts';
import { askPagesUrl } from './github/repository.ts';
import { readSettingsFile } from './cli/owner-settings.ts';

const { CATALOG_DIR } = parseSettings({ CATALOG_DIR: process.env['CATALOG_DIR'] });

const command = createCommand({
  verb: 'configure',
  description:
    'Prints where the registry and the site of a repository are, and passes them to the later steps of a workflow. ' +
    "With a GITHUB_TOKEN it asks GitHub for the site's address; without one it derives it from the repository's name. " +
    "In a copy of another cache's repository it empties the catalog, whose builds are not the copy's.",
  examples: [
    'GITHUB_REPOSITORY=Owner/repo node scripts/configure.ts',
    'GITHUB_REPOSITORY=Owner/repo GITHUB_TOKEN="$(gh auth token)" node scripts/configure.ts',
    'GITHUB_REPOSITORY=Owner/repo REGISTRY=registry.example.org/spack node scripts/configure.ts',
  ],
})
  .option('--catalog <DIR>', "the catalog's folder", CATALOG_DIR)
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .action(configure);

await runCommand(command);

async function configure({ catalog, settings }: { catalog: string; settings?: string }): Promise<void> {
  const { pagesBudget, federate } = readSettingsFile(settings);
  const { SITE_URL, GITHUB_TOKEN, PAGES_BUDGET, FEDERATE } = process.env;
  const cache = readCache(catalog);
  if (isForeign(cache, process.env)) {
    forgetCatalog(catalog);
    console.error(
      `${catalog} was that of ${cache?.repository ?? 'another repository'}: this copy starts empty`,
    );
  }
  const pagesUrl = !SITE_URL && GITHUB_TOKEN ? await askPagesUrl(process.env) : SITE_URL;
  const values = {
    REGISTRY: chooseRegistry(cache, process.env),
    SITE_URL: siteUrlOf({ ...process.env, SITE_URL: pagesUrl }),
    PAGES_BUDGET: PAGES_BUDGET || pagesBudget,
    FEDERATE: FEDERATE || federate.join(' '),
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  process.stdout.write(lines.join(''));
  const file = process.env['GITHUB_ENV'];
  if (file) appendFileSync(file, lines.join(''));
}
