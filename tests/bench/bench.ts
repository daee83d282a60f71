import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, InvalidArgumentError, Option } from 'commander';
import { createCommand, runCommand } from '../../scripts/cli/command.ts';
import { withTemporaryFolder } from '../../scripts/cli/files.ts';
import { formatJson } from '../../site/lib/json.ts';
import { benchDoctor } from './doctor-bench.ts';
import { benchGrowth } from './growth-bench.ts';
import { benchIndex } from './index-bench.ts';
import { benchList } from './list-bench.ts';
import { benchDeploy, benchMirrorAgain } from './mirror-bench.ts';
import { benchChoose, benchCoverage, benchPrune, benchRefresh } from './planning-bench.ts';
import {
  benchImport,
  benchPublish,
  benchPublishAgain,
  benchPublishFar,
  benchPublishOnto,
  benchPublishRestore,
} from './publish-bench.ts';
import { benchSearch } from './search-bench.ts';
import { benchSite } from './site-bench.ts';
import { benchTarball } from './tarball-bench.ts';
import { benchWaves } from './waves-bench.ts';
import { benchWhy } from './why-bench.ts';

/** Results of a bench: seconds, bytes and ratios, keyed by name. */
export type Figures = Record<string, number>;

/** A row of the table. */
interface Bench {
  work: string;
  against: string;
  /** Figures to compare with `aim`, a text, in its order. */
  figures: string[];
  aim: string;
  /** Number of builds that it uses; megabytes for `tarball`. */
  builds: number;
  /** Runs the bench; a text is the reason why the row is skipped. */
  run: (folder: string, builds: number) => Promise<Figures | string>;
}

const BENCHES: Record<string, Bench> = {
  site: {
    work: 'site and API, cold: all pages and documents, without the mirror',
    against: 'reading the catalog and writing the same bytes',
    figures: ['timesFloor', 'kilobytesABuild', 'mebibytes'],
    aim: '8 at most; 6 kB a build; 1 GB of memory',
    builds: 10_000,
    run: benchSite,
  },
  publish: {
    work: 'publish small builds in one go',
    against: '10 times a tenth of them',
    figures: ['timesTenOfSmall', 'cpuMsABuild', 'mebibytes'],
    aim: '1 at most; 15 ms a build; 300 MB of memory',
    builds: 10_000,
    run: benchPublish,
  },
  import: {
    work: 'import a directory of small builds',
    against: '10 times a tenth of them',
    figures: ['timesTenOfSmall', 'mebibytes'],
    aim: '1.2 at most; 300 MB of memory',
    builds: 10_000,
    run: benchImport,
  },
  'publish-onto': {
    work: 'publish 25 builds onto a cache',
    against: 'onto nothing',
    figures: ['timesOntoNothing'],
    aim: '1.3 at most',
    builds: 10_000,
    run: benchPublishOnto,
  },
  'publish-again': {
    work: 'publish again, 2 MB each, all known',
    against: 'sha256sum of the bytes, packed and unpacked',
    figures: ['timesHashing'],
    aim: '1.1 at most',
    builds: 400,
    run: benchPublishAgain,
  },
  'publish-restore': {
    work: 'publish to a registry, 2 MB each',
    against: 'oras restore of the finished layout',
    figures: ['timesRestore'],
    aim: '1.4 at most',
    builds: 400,
    run: benchPublishRestore,
  },
  'publish-far': {
    work: 'publish to a registry with 50 ms a request',
    against: 'oras restore of the finished layout',
    figures: ['timesFasterThanRestore'],
    aim: '4 at least',
    builds: 400,
    run: benchPublishFar,
  },
  index: {
    work: 'write the index',
    against: 'spack buildcache update-index',
    figures: ['timesFasterThanSpack'],
    aim: '80 at least, for 10,000',
    builds: 400,
    run: benchIndex,
  },
  list: {
    work: 'list the mirror with Spack through the view of a small stack, cold',
    against: 'the whole index',
    figures: ['timesFewerBytes'],
    aim: '10 at least',
    builds: 3_000,
    run: benchList,
  },
  'mirror-again': {
    work: 'mirror, nothing new',
    against: 'reading the catalog once',
    figures: ['timesReading'],
    aim: '4 at most',
    builds: 10_000,
    run: benchMirrorAgain,
  },
  deploy: {
    work: 'mirror to a new site after 25 new builds',
    against: 'before them; blobs fetched twice',
    figures: ['timesBefore', 'blobsTwice'],
    aim: '1.2 at most; 0',
    builds: 400,
    run: benchDeploy,
  },
  doctor: {
    work: 'doctor of catalog and registry; with the site',
    against: 'reading the catalog once',
    figures: ['timesReadingCpu', 'timesReadingCpuWithSite'],
    aim: '2 at most; 2 at most',
    builds: 10_000,
    run: benchDoctor,
  },
  choose: {
    work: 'choose packages for a scheduled run',
    against: 'reading the catalog once',
    figures: ['timesReading'],
    aim: '2 at most',
    builds: 10_000,
    run: benchChoose,
  },
  prune: {
    work: 'plan a prune',
    against: 'reading the catalog once',
    figures: ['timesReading'],
    aim: '2 at most',
    builds: 10_000,
    run: benchPrune,
  },
  coverage: {
    work: 'coverage of an environment, from the API',
    against: 'reading the catalog once',
    figures: ['timesReading'],
    aim: '2 at most',
    builds: 10_000,
    run: benchCoverage,
  },
  refresh: {
    work: 'judge all builds by newer recipes, without running Spack',
    against: 'reading the catalog once',
    figures: ['timesReading'],
    aim: '2 at most',
    builds: 10_000,
    run: benchRefresh,
  },
  tarball: {
    work: 'check a tarball of 2 GB unpacked',
    against: 'sha256sum of the bytes, packed and unpacked',
    figures: ['timesHashing', 'mebibytes'],
    aim: '1.2 at most; 200 MB of memory',
    builds: 2_000,
    run: benchTarball,
  },
  growth: {
    work: 'what grows with a cache, in bytes of its git',
    against: '-',
    figures: ['gitBytes'],
    aim: '-',
    builds: 10_000,
    run: benchGrowth,
  },
  search: {
    work: 'a key stroke in the search',
    against: 'a frame of 16 ms',
    figures: ['percentile95Ms'],
    aim: '16 at most',
    builds: 20_000,
    run: benchSearch,
  },
  waves: {
    work: '31 hours on 20 runners, worst of several draws: 65 roots; 400 nodes; 65 roots with any times; other shapes; bound of any plan for any times, mean',
    against: 'the longest chain, or all work over 20',
    figures: [
      'roots65TimesTheLeastWorst',
      'nodes400TimesTheLeastWorst',
      'anyTimesTimesTheLeastWorst',
      'shapesTimesTheLeastWorst',
      'anyTimesBoundOfAnyPlanMean',
    ],
    aim: '1.25 at most each',
    builds: 1,
    run: benchWaves,
  },
  why: {
    work: 'say why a package is built, with real Spack',
    against: 'one solve',
    figures: ['timesOneSolveWorst'],
    aim: '2 at most',
    builds: 1,
    run: benchWhy,
  },
};

const command = createCommand({
  verb: 'bench',
  description:
    'Measures against a peer or a smaller size in the same run: prints a table, and writes every figure as JSON. Seconds are ' +
    'of processors, since machines are shared. The largest rows take many minutes.',
  examples: ['npm run bench', 'npm run bench -- index waves', 'npm run bench -- publish --builds 1000'],
})
  .name('npm run bench --')
  .addArgument(new Argument('[ROW...]', 'rows (default: all)').choices(Object.keys(BENCHES)))
  .addOption(
    new Option(
      '--builds <number>',
      'builds of the largest catalog (default: what each row is made for)',
    ).argParser(parseCount),
  )
  .option('--json <FILE>', 'where the figures go', '.work/bench.json')
  .action(async (rows: string[], { builds, json }: { builds?: number; json: string }) => {
    const results: Record<string, Figures> = {};
    console.log('| row | work | against | measured | aim |\n| --- | --- | --- | --- | --- |');
    for (const [name, bench] of Object.entries(BENCHES)) {
      if (rows.length > 0 && !rows.includes(name)) continue;
      const figures = await withTemporaryFolder((folder) => bench.run(folder, builds ?? bench.builds));
      if (typeof figures === 'string') {
        console.log(`| ${name} | ${bench.work} | ${bench.against} | skipped: ${figures} | ${bench.aim} |`);
        continue;
      }
      results[name] = figures;
      mkdirSync(join(json, '..'), { recursive: true });
      writeFileSync(json, formatJson(results));
      const measured = bench.figures.map((figure) => figures[figure]).join('; ');
      console.log(`| ${name} | ${bench.work} | ${bench.against} | ${measured} | ${bench.aim} |`);
      console.error(JSON.stringify(figures));
    }
  });

await runCommand(command);

function parseCount(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number above 0.');
}
