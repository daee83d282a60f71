import { InvalidArgumentError, Option } from 'commander';
import { createCommand, runCommand } from '../../scripts/cli/command.ts';
import { withTemporaryFolder } from '../../scripts/cli/temporary-folder.ts';
import { benchDoctor } from './doctor-bench.ts';
import { benchGrowth } from './growth-bench.ts';
import { benchIndex } from './index-bench.ts';
import { benchSearch } from './search-bench.ts';
import { benchSite } from './site-bench.ts';
import { benchWaves } from './waves-bench.ts';

/** What a bench found: seconds and ratios by name. */
export type Figures = Record<string, number>;

const BENCHES: Record<string, (folder: string, builds: number) => Promise<Figures>> = {
  growth: benchGrowth,
  index: benchIndex,
  site: benchSite,
  search: benchSearch,
  waves: benchWaves,
  doctor: benchDoctor,
};

const command = createCommand({
  verb: 'bench',
  description:
    'Measures against a peer or a smaller size in the same run, and prints JSON: ratios last, seconds first.',
  examples: ['node tests/bench/bench.ts', 'node tests/bench/bench.ts --only index --builds 400'],
})
  .name('node tests/bench/bench.ts')
  .addOption(new Option('--only <bench>', 'one of them alone').choices(Object.keys(BENCHES)))
  .addOption(
    new Option(
      '--builds <number>',
      'builds of the largest catalog (default: what each bench is made for)',
    ).argParser(parseCount),
  )
  .action(async ({ only, builds }: { only?: string; builds?: number }) => {
    const results: Record<string, Figures> = {};
    for (const [name, bench] of Object.entries(BENCHES)) {
      if (only !== undefined && only !== name) continue;
      results[name] = await withTemporaryFolder((folder) =>
        bench(folder, builds ?? DEFAULT_BUILDS[name] ?? 1_000),
      );
    }
    console.log(JSON.stringify(results, undefined, 2));
  });

/** Spack needs two seconds for 100 builds; the site's time is for the design's 10,000. */
const DEFAULT_BUILDS: Record<string, number> = {
  growth: 10_000,
  index: 400,
  site: 10_000,
  search: 20_000,
  doctor: 10_000,
};

await runCommand(command);

function parseCount(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number above 0.');
}
