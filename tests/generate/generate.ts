import { Argument, InvalidArgumentError, Option } from 'commander';
import { createCommand, runCommand } from '../../scripts/cli/command.ts';
import { generateCache } from './cache.ts';
import { generateCatalog } from './catalog.ts';

const command = createCommand({
  verb: 'generate',
  description: 'Writes a catalog or a build cache of invented builds that are shaped like real ones.',
  examples: [
    'node tests/generate/generate.ts catalog --builds 10000 --seed 1 .work/catalog-10000',
    'node tests/generate/generate.ts cache --builds 400 .work/cache-400',
  ],
})
  .name('node tests/generate/generate.ts')
  .addArgument(
    new Argument('<what>', 'files for site/content, or a v3 build cache with tarballs').choices([
      'catalog',
      'cache',
    ]),
  )
  .argument('<directory>', 'new or empty')
  .addOption(new Option('--builds <number>', 'how many binaries').default(100).argParser(parseCount))
  .addOption(new Option('--seed <number>', 'another seed, other builds').default(1).argParser(parseCount))
  .action(async (what: string, directory: string, { builds, seed }: { builds: number; seed: number }) => {
    const generate = what === 'cache' ? generateCache : generateCatalog;
    const { nodes } = await generate({ builds, seed, directory });
    console.error(`${directory}: wrote a ${what} of ${builds} builds and ${nodes.size} specs`);
  });

await runCommand(command);

function parseCount(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number.');
}
