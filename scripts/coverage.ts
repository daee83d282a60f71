import { Option } from 'commander';
import { coverLock } from '../site/lib/catalog/coverage.ts';
import { createCommand, runCommand } from './cli/command.ts';
import { fetchCache } from './coverage/fetch-cache.ts';
import { readLock } from './coverage/lock.ts';
import { describeCoverage } from './coverage/report.ts';

/** What CI sees when less is there than was asked for; 1 means that it could not be told. */
const TOO_LITTLE = 2;

interface Options {
  cache: string;
  atLeast: number;
  json: boolean;
}

const command = createCommand({
  verb: 'coverage',
  description:
    'Tells how much of a concretized environment has binaries in a cache, how much there is to download, what is ' +
    'missing and why. Ends with exit code 0 when everything is there (or as much as --at-least says), 2 when less is, ' +
    '1 when the coverage cannot be determined.',
  examples: [
    'node scripts/coverage.ts spack.lock --cache https://owner.github.io/repo',
    'node scripts/coverage.ts my-environment/spack.yaml --cache https://owner.github.io/repo --json',
    'node scripts/coverage.ts spack.lock --cache https://owner.github.io/repo --at-least 80',
  ],
})
  .argument('<file>', 'a spack.lock, or a spack.yaml with its spack.lock next to it')
  .requiredOption('--cache <url>', "the cache's address")
  .addOption(
    new Option('--at-least <percent>', 'how much must be there').default(100).argParser(parsePercent),
  )
  .option('--json', 'print the numbers as JSON', false)
  .action(async (file: string, { cache, atLeast, json }: Options) => {
    const lock = await readLock(file);
    const coverage = coverLock(lock, await fetchCache(cache));
    if (json) process.stdout.write(`${JSON.stringify(coverage, undefined, 2)}\n`);
    else console.log(describeCoverage(coverage));
    if (coverage.percent < atLeast) process.exitCode = TOO_LITTLE;
  });

await runCommand(command);

function parsePercent(text: string): number {
  const percent = Number(text);
  if (text.trim() !== '' && percent >= 0 && percent <= 100) return percent;
  throw new Error(`--at-least: expected a number from 0 to 100, found "${text}"`);
}
