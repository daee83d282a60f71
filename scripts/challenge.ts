import { Reproduction } from '../site/schemas/checks/reproduction.ts';
import { compareCaches, describeReproduction } from './challenge/compare.ts';
import { missingBuilds, openCache, onlyBuilds } from './challenge/open-cache.ts';
import { recordAlike, recordReproduction } from './challenge/record-alike.ts';
import { catalogOption, createCommand, runCommand } from './cli/command.ts';
import { annotate } from './github/actions.ts';
import { readDate, readOrigin } from './publish/origin.ts';

const command = createCommand({
  verb: 'challenge',
  description:
    'Compares two build caches of the same specs by the files that their builds install, and reports which builds are ' +
    'equal, and which files of the others differ and why. Ignores what Spack records in .spack/, and treats install ' +
    'prefixes as equal. The exit code is 0 even when builds differ, unless --strict is given.',
  examples: [
    'node scripts/challenge.ts ./first-cache ./second-cache',
    'node scripts/challenge.ts https://owner.github.io/repo ./second-cache --json',
  ],
})
  .argument('<A>', 'a build cache of layout 3: a directory, or the address of a mirror')
  .argument('<B>', 'a build cache with a second build of the same specs')
  .addOption(catalogOption())
  .option(
    '--record',
    'write checks/challenge.json and checks/alike.json into the catalog, for the pages and the API',
    false,
  )
  .variable('--only <HASHES>', 'compare only these builds of B (default: all)', 'ONLY_HASHES')
  .option('--json', 'print the result as JSON on standard output', false)
  .option('--strict', 'exit with 1 when any build differs', false)
  .action(challenge);

await runCommand(command);

type Options = Record<'record' | 'json' | 'strict', boolean> & Record<'only' | 'catalog', string>;

async function challenge(first: string, second: string, options: Options): Promise<void> {
  const only = options.only.split(/\s+/).filter((hash) => hash !== '');
  const [before, again] = [await openCache(first), await openCache(second, only.length > 0)];
  for (const sentence of missingBuilds(before, again, only)) annotate('warning', sentence);
  const compared = await compareCaches(before, onlyBuilds(again, only));
  const { run } = readOrigin(process.env);
  const date = readDate(process.env, new Date());
  const { reproduction, ...likeness } = compared;
  const result = Reproduction.parse({ date, ...(run ? { run } : {}), ...reproduction });
  if (result.compared === 0)
    throw new Error(`expected a build that ${first} and ${second} have, found none: nothing was compared`);
  if (options.record) {
    recordReproduction(options.catalog, result);
    recordAlike(options.catalog, likeness, { date, run });
  }
  if (options.json) console.log(JSON.stringify(result, null, 2));
  console.error(describeReproduction(result));
  if (options.strict && result.equal < result.compared) process.exitCode = 1;
}
