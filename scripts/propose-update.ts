import { writeFileSync } from 'node:fs';
import { formatJson } from '../site/lib/json.ts';
import { readCatalog } from './catalog/catalog.ts';
import { createCommand, readSettings, runCommand, variableOption } from './cli/command.ts';
import { readJson } from './cli/files.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { openGitHub } from './github/api.ts';
import { MAX_BODY, openProposal, ProposalFile } from './github/proposal.ts';
import { readPins } from './prune/pins.ts';
import { composeProposal, findNewer } from './refresh/newer-releases.ts';
import { findStale } from './refresh/refresh.ts';
import { refreshText } from './refresh/report.ts';
import { LATEST, resolveVersions } from './spack/latest.ts';
import { defaultSpackHome } from './spack/spack-home.ts';

interface Options {
  catalog: string;
  home: string;
  own: string;
  repos: string;
  settings?: string;
  dryRun: boolean;
  to?: string;
  from?: string;
}

const command = createCommand({
  verb: 'propose-update',
  description:
    'Checks whether there are newer releases of Spack and its recipes than the settings name, and proposes them in an ' +
    'issue with what they mean for the builds that are here; once for each release. Reads GITHUB_TOKEN and GITHUB_REPOSITORY.',
  examples: [
    'node scripts/propose-update.ts --dry-run',
    'node scripts/propose-update.ts',
    'node scripts/propose-update.ts --from proposal.json',
  ],
})
  .option('--catalog <DIR>', "the catalog's folder", readSettings().CATALOG_DIR)
  .option('--own <DIR>', 'folder of your own recipes', process.env['OWN_PACKAGES'] ?? '')
  .addOption(variableOption('--repos <URLS>', 'more recipe repositories', 'SPACK_REPOS'))
  .option('--home <DIR>', 'folder for Spack itself, its caches and settings', defaultSpackHome())
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .option('--dry-run', 'print the proposal, open no issue', false)
  .option('--to <FILE>', 'write the proposal into a file, for --from; opens no issue')
  .option('--from <FILE>', 'propose what that file says: runs no Spack and loads no recipe')
  .action(propose);

await runCommand(command);

async function propose({
  catalog: folder,
  home,
  own,
  repos,
  settings,
  dryRun,
  to,
  from,
}: Options): Promise<void> {
  if (from !== undefined) {
    await open(readJson(from, ProposalFile, { advice: 'write it with propose-update --to FILE' }));
    return;
  }
  const { spack, packages } = readSettingsFile(settings);
  const newest = await resolveVersions({ spack: LATEST, packages: LATEST }, process.env);
  const newer = findNewer({ spack, packages }, newest);
  if (newer.length === 0) {
    console.error(`nothing is newer than the settings: Spack ${spack}, recipes ${packages}`);
    return;
  }
  const wanted = { spack, packages, ...Object.fromEntries(newer.map(({ setting, to }) => [setting, to])) };
  const catalog = readCatalog(folder);
  const meaning =
    catalog.builds.size === 0
      ? 'There are no builds yet.'
      : refreshText(
          (await findStale(catalog, { wanted, home, own, repos, pins: readPins(folder) })).plan,
          wanted,
        );
  const { title, body } = composeProposal(newer, meaning);
  console.error(`${title}\n\n${body}\n`);
  const proposal: ProposalFile = { title, body: body.slice(0, MAX_BODY) };
  if (to !== undefined) writeFileSync(to, formatJson(proposal));
  else if (!dryRun) await open(proposal);
}

async function open({ title, body }: ProposalFile): Promise<void> {
  const proposed = await openProposal(openGitHub(process.env), title, body);
  console.error(
    proposed.kind === 'off'
      ? 'issues are switched off'
      : `issue ${proposed.number} is ${proposed.kind}: ${title}`,
  );
}
