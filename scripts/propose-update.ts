import { addPlaces, createCommand, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { openGitHub } from './github/api.ts';
import { openProposal } from './github/issues.ts';
import { proposeNewer, readProposal, writeProposal } from './refresh/newer-releases.ts';
import { addRecipeOptions } from './spack/spack-options.ts';

type Options = Record<'catalog' | 'home' | 'own' | 'repos', string> &
  Partial<Record<'settings' | 'to' | 'from', string>> & { dryRun: boolean };

const command = createCommand({
  verb: 'propose-update',
  description:
    'Looks for releases of Spack and its recipes that are newer than those in the settings, and proposes them in an ' +
    'issue with their consequences for the existing builds; once per release. Reads GITHUB_TOKEN and GITHUB_REPOSITORY.',
  examples: [
    'node scripts/propose-update.ts --dry-run',
    'node scripts/propose-update.ts',
    'node scripts/propose-update.ts --from proposal.json',
  ],
})
  .variable('--repos <URLS>', 'more recipe repositories', 'SPACK_REPOS')
  .option('--dry-run', 'print the proposal, open no issue', false)
  .option('--to <FILE>', 'write the proposal into a file, for --from; opens no issue')
  .option('--from <FILE>', 'propose the content of that file: runs no Spack and loads no recipe')
  .action(propose);

await runCommand(addRecipeOptions(addPlaces(command)));

async function propose({ from, to, dryRun, catalog, settings, ...places }: Options): Promise<void> {
  const proposal =
    from === undefined ? await proposeNewer(catalog, readSettingsFile(settings), places) : readProposal(from);
  if (to !== undefined && proposal) writeProposal(to, proposal);
  if (to !== undefined || dryRun || !proposal) return;
  const proposed = await openProposal(openGitHub(process.env), proposal.title, proposal.body);
  if (proposed.kind === 'off') console.error('issues are switched off');
  else console.error(`issue ${proposed.number} is ${proposed.kind}: ${proposal.title}`);
}
