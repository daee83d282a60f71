import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workflowUrl } from '../site/lib/page/github.ts';
import { createCommand, parseNumber, readSettings, runCommand } from './cli/command.ts';
import { checkLive, LIVE_MINUTES } from './deploy/live-site.ts';
import { annotate } from './github/actions.ts';

const { SITE_URL } = readSettings();
const POSITIVE = { from: 0, isWhole: false };

const command = createCommand({
  verb: 'check-live',
  description:
    'Run it after a deployment: requests api/index.json of the live site until it is the one in dist. Fails when it is not after ' +
    'some minutes, since GitHub Pages may accept a deployment and not serve it.',
  examples: [
    'SITE_URL=https://owner.github.io/repo node scripts/check-live.ts',
    'node scripts/check-live.ts --site https://owner.github.io/repo --dist dist --minutes 2',
  ],
})
  .option('--site <URL>', 'address of the site', SITE_URL)
  .option('--dist <DIR>', 'the deployed site', 'dist')
  .option('--minutes <N>', 'time limit', String(LIVE_MINUTES))
  .option('--every <SECONDS>', 'seconds between two requests', '10')
  .action(check);

await runCommand(command);

async function check({ site, dist, minutes, every }: Record<string, string>): Promise<void> {
  const repository = process.env['GITHUB_REPOSITORY'];
  const result = await checkLive(
    (site ?? '').replace(/\/+$/, ''),
    readFileSync(join(dist ?? '', 'api/index.json'), 'utf8'),
    {
      waitMs: parseNumber('--minutes', minutes ?? '', POSITIVE) * 60_000,
      pauseMs: parseNumber('--every', every ?? '', POSITIVE) * 1_000,
      deployPage: repository ? workflowUrl(repository, 'deploy.yml') : 'the workflow Deploy',
    },
  );
  if (result.isServed) console.error(`${site} shows this deployment after ${result.seconds} s`);
  else annotate('warning', result.sentence);
}
