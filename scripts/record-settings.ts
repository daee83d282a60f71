import { publicRegistries } from '../site/lib/registry-address.ts';
import { planMirror } from '../site/lib/mirror/plan.ts';
import { describeSettings } from '../site/lib/mirror/recorded-settings.ts';
import { addFiles, readCatalog } from './catalog/catalog.ts';
import { createCommand, overrideSettings, runCommand } from './cli/command.ts';

const command = createCommand({
  verb: 'record-settings',
  description:
    "Records in the catalog the settings files that consumers may name in Spack's remote `include:`. Each is named " +
    'by its sha256 and kept forever, even if address, key, registry or views change: when the file behind an ' +
    'include changes or disappears, every Spack command of every consumer fails. The site serves all recorded files. ' +
    'Run it after publish, with the SITE_URL, REGISTRY and PAGES_BUDGET of the site.',
  examples: ['SITE_URL=https://owner.github.io/repo node scripts/record-settings.ts'],
})
  .existingCatalog()
  .action(recordSettings);

async function recordSettings({ catalog: directory }: { catalog: string }): Promise<void> {
  const settings = overrideSettings({ CATALOG_DIR: directory });
  const catalog = readCatalog(settings.CATALOG_DIR);
  if (catalog.builds.size === 0) {
    console.error('The catalog has no build yet: no settings file was recorded.');
    return;
  }
  const plan = planMirror({ ...catalog, builds: [...catalog.builds.values()] }, settings.PAGES_BUDGET);
  const own = catalog.cache?.registry ?? settings.REGISTRY;
  const registries = publicRegistries(catalog.builds.values(), own);
  const files = describeSettings({
    ...catalog,
    registries,
    signed: catalog.keys.size > 0,
    views: plan.views,
  });
  const written = addFiles(
    settings.CATALOG_DIR,
    files.map(({ sha256, text }) => ({ path: `mirrors/${sha256}.yaml`, content: text })),
  );
  const mirrors = ['the HTTPS mirror', ...registries].join(' and ');
  console.error(
    `Recorded ${written.length} of ${files.length} settings files for ${mirrors} at ${settings.SITE_URL}; ` +
      'the others were there already.',
  );
}

await runCommand(command);
