import { catalogOption, createCommand, readSettings, runCommand } from './cli/command.ts';
import { openGitHub } from './github/api.ts';
import { addSummary, setOutput } from './github/actions.ts';
import { commitCatalog, reportMissingImages, yieldTags } from './commit/commit-catalog.ts';
import { openRegistries, openRegistry } from './oci/open-registry.ts';

type Options = Record<'catalog' | 'registry' | 'changed' | 'branch', string> &
  Partial<Record<'message' | 'plans' | 'matrix' | 'divided', string>>;

const settings = readSettings();

const command = createCommand({
  verb: 'commit',
  description:
    "Puts the catalog's new, changed and removed files on a branch of GitHub: verified commits through GitHub's API " +
    'that overwrite nothing. Safe to run again and at the same time as other runs. Reads GITHUB_TOKEN and GITHUB_REPOSITORY.',
  examples: [
    'GITHUB_TOKEN="$(gh auth token)" GITHUB_REPOSITORY=owner/repo node scripts/commit.ts --branch main',
    'node scripts/commit.ts --message "Sign everything again"',
  ],
})
  .addOption(catalogOption("the catalog's folder, in a git checkout"))
  .option('--registry <REGISTRY>', 'registry whose tags are reset for a faster run', settings.REGISTRY)
  .branch()
  .option('--message <TEXT>', 'first line of the commit message instead of a description of what changed')
  .option('--plans <DIR>', "the run's plans, to record its locks again if another run committed first")
  .option('--matrix <JSON>', 'the same as for receive')
  .option('--divided <SHA256>', 'the same as for receive')
  .variable('--changed <NAMES>', 'environments whose locks are outdated', 'CHANGED')
  .action(commit);

await runCommand(command);

async function commit({ catalog, registry, branch, message, ...options }: Options): Promise<void> {
  // Set first, so that a run that commits nothing reports that even if it fails.
  setOutput('committed', '0');
  const github = openGitHub(process.env, { isPatient: true });
  const { plans, matrix = '', divided } = options;
  const run = plans ? { plans, matrix, divided, changed: options.changed.split(' ') } : undefined;
  const committing = { github, branch, catalog, headline: message, run, environment: process.env };
  const { commits, files, lost, head, changes } = await commitCatalog(committing);
  for (const { oid, url } of commits) addSummary(`Committed [${oid.slice(0, 7)}](${url}) to ${branch}.`);
  const findRegistry = openRegistries(openRegistry(registry));
  const tags = await yieldTags(github, head, lost, findRegistry);
  setOutput('missing', String(await reportMissingImages(changes, lost, findRegistry)));
  console.error(
    files === 0
      ? 'nothing to commit'
      : `${branch}: ${files} files committed, ${lost.length} left to another run, ${tags.length} tags pointed back`,
  );
}
