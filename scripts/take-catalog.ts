import { catalogOption, createCommand, describeError, runCommand } from './cli/command.ts';
import { takeCatalog } from './commit/take-catalog.ts';
import { annotate, setOutput } from './github/actions.ts';

const command = createCommand({
  verb: 'take-catalog',
  description:
    "Updates the catalog of a checkout to the branch's head: its files, and what git compares them with. Scripts and " +
    'all other files stay as they are. Warns when it cannot. Reads GITHUB_TOKEN (contents: read).',
  examples: ['node scripts/take-catalog.ts --branch main'],
})
  .addOption(catalogOption("the catalog's folder, in a git checkout"))
  .option(
    '--branch <NAME>',
    'the branch (default: under Actions, that of the run)',
    process.env['GITHUB_REF_NAME'],
  )
  .action(take);

await runCommand(command);

async function take({ catalog, branch }: { catalog: string; branch?: string }): Promise<void> {
  if (!branch) throw new Error('expected --branch or GITHUB_REF_NAME to name the branch');
  try {
    const { from, to, changed } = await takeCatalog(catalog, branch, process.env);
    setOutput('changed', changed.join(' '));
    console.error(
      from === to ? `the catalog is that of ${branch}` : `the catalog was that of ${from}, now of ${to}`,
    );
  } catch (error) {
    annotate(
      'warning',
      `${describeError(error)}. This job continues with the catalog that it has: what other runs have published since is ` +
        'considered when it commits',
    );
  }
}
