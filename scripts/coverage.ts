import { Option } from 'commander';
import pMap from 'p-map';
import { coverLock } from '../site/lib/catalog/coverage.ts';
import { coverTogether } from '../site/lib/federation/cover-together.ts';
import { createCommand, runCommand } from './cli/command.ts';
import { readSettingsFile, SETTINGS_FILE } from './cli/owner-settings.ts';
import { fetchCache } from './coverage/fetch-cache.ts';
import { readLock } from './coverage/lock.ts';
import { describeCoverage, describeShared } from './coverage/report.ts';

/** What CI sees when less is there than was asked for; 1 means that it could not be told. */
const TOO_LITTLE = 2;

interface Options {
  cache: string[];
  federate: boolean;
  atLeast: number;
  json: boolean;
}

const command = createCommand({
  verb: 'coverage',
  description:
    'Reports how much of a concretized environment has binaries in a cache, how much there is to download, what is ' +
    'missing and why. Ends with exit code 0 when everything is there (or as much as --at-least says), 2 when less is, ' +
    '1 when the coverage cannot be determined.',
  examples: [
    'node scripts/coverage.ts spack.lock --cache https://owner.github.io/repo',
    'node scripts/coverage.ts my-environment/spack.yaml --cache https://owner.github.io/repo --json',
    'node scripts/coverage.ts spack.lock --cache https://owner.github.io/repo --at-least 80',
    'node scripts/coverage.ts spack.lock --cache https://a.example.org --cache https://b.example.org',
  ],
})
  .argument('<file>', 'a spack.lock, or a spack.yaml with its spack.lock next to it')
  .option(
    '--cache <url>',
    "a cache's address; with several, the smallest set of mirrors is named, too",
    (url, urls: string[]) => [...urls, url],
    [],
  )
  .option('--federate', 'also the caches under `federate` in the settings', false)
  .addOption(
    new Option('--at-least <percent>', 'how much must be there').default(100).argParser(parsePercent),
  )
  .option('--json', 'print the numbers as JSON', false)
  .action(cover);

async function cover(file: string, { cache, federate, atLeast, json }: Options): Promise<void> {
  const urls = [...new Set([...cache, ...(federate ? readSettingsFile().federate : [])])];
  if (urls.length === 0)
    throw new Error(
      `--cache: expected the address of a cache, found none; add one${federate ? `, or set federate in ${SETTINGS_FILE}` : ''}`,
    );
  const lock = await readLock(file);
  const caches = await pMap(urls, async (url) => ({ url, ...(await fetchCache(url)) }), { concurrency: 4 });
  const [only, ...others] = caches;
  const shared = others.length > 0 ? coverTogether(lock, caches) : undefined;
  const coverage = shared ?? coverLock(lock, only ?? { builds: [], failures: [] });
  if (json) process.stdout.write(`${JSON.stringify(coverage, undefined, 2)}\n`);
  else console.log(shared ? describeShared(shared) : describeCoverage(coverage));
  if (coverage.percent < atLeast) process.exitCode = TOO_LITTLE;
}

await runCommand(command);

function parsePercent(text: string): number {
  const percent = Number(text);
  if (text.trim() !== '' && percent >= 0 && percent <= 100) return percent;
  throw new Error(`--at-least: expected a number from 0 to 100, found "${text}"`);
}
