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
  .branch()
  .action(take);

await runCommand(command);

async function take({ catalog, branch }: Record<'catalog' | 'branch', string>): Promise<void> {
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
