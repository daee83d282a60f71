import { addPlaces, createCommand, readSettings, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { logIntoRegistry } from './oci/oras.ts';
import { chooseLogins } from './oci/credentials.ts';
import { listRegistries } from './commit/catalog-owner.ts';

const { REGISTRY } = readSettings();

const command = createCommand({
  verb: 'login',
  description:
    'Logs in to the registry, and to those that settings or builds name, for the scripts that push to them: with ' +
    'REGISTRY_USERNAME and REGISTRY_PASSWORD, or at ghcr.io with GITHUB_TOKEN. Without any of them it does nothing. The ' +
    'login is kept where `oras login` keeps it.',
  examples: [
    'REGISTRY=ghcr.io/owner/repo GITHUB_TOKEN="$(gh auth token)" node scripts/login.ts',
    'REGISTRY=registry.example.org/spack REGISTRY_USERNAME=me REGISTRY_PASSWORD="$(pass registry)" node scripts/login.ts',
  ],
})
  .option('--registry <REGISTRY>', 'ghcr.io/owner/repo or host/path', REGISTRY)
  .action(login);

await runCommand(addPlaces(command));

type Options = Record<'registry' | 'catalog', string> & { settings?: string };

async function login({ registry, catalog, settings }: Options): Promise<void> {
  const registries = listRegistries(registry, readSettingsFile(settings).targets, catalog);
  const logins = chooseLogins(registries, process.env);
  for (const { reference, credentials } of logins) {
    await logIntoRegistry(reference, credentials);
    console.error(`logged in to ${reference.host} as ${credentials.username}`);
  }
  if (logins.length === 0)
    console.error(`no login for ${registries.join(' and ')} is set: continuing without one`);
}
