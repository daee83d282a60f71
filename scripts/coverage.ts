import { createCommand, parseNumber, runCommand } from './cli/command.ts';
import { readSettingsFile, SETTINGS_FILE } from './cli/owner-settings.ts';
import { coverBy, describeCoverage, fetchCaches } from './coverage/fetch-cache.ts';
import { readLock } from './coverage/lock.ts';

/** Exit code when less is available than required; 1 means that the coverage cannot be determined. */
const TOO_LITTLE = 2;

type Options = Record<'federate' | 'json', boolean> & { cache: string[]; atLeast: string };

const command = createCommand({
  verb: 'coverage',
  description:
    'Reports how much of a concretized environment has binaries in a cache, how much there is to download, what is ' +
    'missing and why. Exits with 0 when everything is available (or as much as --at-least requires), 2 when less ' +
    'is, and 1 when the coverage cannot be determined.',
  examples: [
    'node scripts/coverage.ts spack.lock --cache https://owner.github.io/repo',
    'node scripts/coverage.ts my-environment/spack.yaml --cache https://owner.github.io/repo --json',
    'node scripts/coverage.ts spack.lock --cache https://owner.github.io/repo --at-least 80',
    'node scripts/coverage.ts spack.lock --cache https://a.example.org --cache https://b.example.org',
  ],
})
  .argument('<FILE>', 'a spack.lock, or a spack.yaml with its spack.lock next to it')
  .option(
    '--cache <URL>',
    'address of a cache; with several, also prints the smallest set of mirrors',
    (url, urls: string[]) => [...urls, url],
    [],
  )
  .option('--federate', 'also use the caches under `federate` in the settings', false)
  .option('--at-least <PERCENT>', 'required share of specs with a binary', '100')
  .option('--json', 'print the numbers as JSON', false)
  .action(cover);

async function cover(file: string, { cache, federate, atLeast, json }: Options): Promise<void> {
  const urls = [...new Set([...cache, ...(federate ? readSettingsFile().federate : [])])];
  if (urls.length === 0)
    throw new Error(
      `--cache: expected the address of a cache, found none; add one${federate ? `, or set federate in ${SETTINGS_FILE}` : ''}`,
    );
  const least = parseNumber('--at-least', atLeast, { from: 0, to: 100, isWhole: false });
  const coverage = coverBy(await readLock(file), await fetchCaches(urls));
  if (json) process.stdout.write(`${JSON.stringify(coverage, undefined, 2)}\n`);
  else console.log(describeCoverage(coverage));
  if (coverage.percent < least) process.exitCode = TOO_LITTLE;
}

await runCommand(command);
