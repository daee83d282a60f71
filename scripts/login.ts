import { createCommand, readSettings, runCommand } from './cli/command.ts';
import { logIntoRegistry } from './oci/oras.ts';
import { parseReference } from './oci/reference.ts';
import { chooseLogin } from './oci/registry-login.ts';

const { REGISTRY } = readSettings();

const command = createCommand({
  verb: 'login',
  description:
    'Logs in to the registry, for the scripts that push to it: with REGISTRY_USERNAME and REGISTRY_PASSWORD, or at ' +
    'ghcr.io with GITHUB_TOKEN. Without any of them it does nothing. The login is kept where `oras login` keeps it.',
  examples: [
    'REGISTRY=ghcr.io/owner/repo GITHUB_TOKEN="$(gh auth token)" node scripts/login.ts',
    'REGISTRY=registry.example.org/spack REGISTRY_USERNAME=me REGISTRY_PASSWORD="$(pass registry)" node scripts/login.ts',
  ],
})
  .option('--registry <REGISTRY>', 'ghcr.io/owner/repo or host/path', REGISTRY)
  .action(login);

await runCommand(command);

async function login({ registry }: { registry: string }): Promise<void> {
  const reference = parseReference(registry);
  const credentials = chooseLogin(reference, process.env);
  if (reference.kind === 'directory' || !credentials) {
    console.error(`no login for ${registry} is set: going on without`);
    return;
  }
  await logIntoRegistry(reference, credentials);
  console.error(`logged in to ${reference.host} as ${credentials.username}`);
}
