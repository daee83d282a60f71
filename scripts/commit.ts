import { catalogOption, createCommand, readSettings, runCommand } from './cli/command.ts';
import { readChanges } from './commit/changes.ts';
import { openGitHub } from './github/api.ts';
import { commitFiles, describeChanges } from './commit/commit-files.ts';
import { addSummary, setOutput } from './github/actions.ts';
import { reportMissingImages, yieldTags } from './commit/registry-tags.ts';
import { reportLost } from './commit/report-lost.ts';
import { readOrigin } from './publish/origin.ts';
import { openRegistries, openRegistry } from './oci/open-registry.ts';

type Options = Record<'catalog' | 'registry', string> & Partial<Record<'branch' | 'message', string>>;

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
  .option('--registry <REGISTRY>', 'where tags are reset when another run committed first', settings.REGISTRY)
  .option(
    '--branch <NAME>',
    'the branch (default: under Actions, that of the run)',
    process.env['GITHUB_REF_NAME'],
  )
  .option('--message <TEXT>', 'first line of the commit message instead of a description of what changed')
  .action(commit);

await runCommand(command);

async function commit({ catalog, registry, branch, message }: Options): Promise<void> {
  // Set first, so that a run that commits nothing reports that even if it fails.
  setOutput('committed', '0');
  if (!branch) throw new Error('expected --branch or GITHUB_REF_NAME to name the branch to commit to');
  const local = readChanges(catalog);
  const described = describeChanges(local.changes, readOrigin(process.env).run);
  const text = { ...described, ...(message ? { headline: message } : {}) };
  const github = openGitHub(process.env);
  const { commits, files, lost, head } = await commitFiles(github, branch, local, text, {
    // Set before anything else can fail, since committed files must be deployed.
    onCommit: (count) => setOutput('committed', String(count)),
  });
  for (const { oid, url } of commits) addSummary(`Committed [${oid.slice(0, 7)}](${url}) to ${branch}.`);
  reportLost(lost);
  const findRegistry = openRegistries(openRegistry(registry));
  const tags = await yieldTags(github, head, lost, findRegistry);
  setOutput('missing', String(await reportMissingImages(local.changes, lost, findRegistry)));
  console.error(
    files === 0
      ? 'nothing to commit'
      : `${branch}: ${files} files committed, ${lost.length} left to another run, ${tags.length} tags pointed back`,
  );
}
