import { createCommand, runCommand } from './cli/command.ts';
import { explainBuild, describeCauses, type WhyOptions } from './coverage/why.ts';

/** Exit code when something would be built; 1 means that it cannot be determined. */
const BUILT = 2;

const command = createCommand({
  verb: 'why',
  description:
    'Explains why your Spack builds a spec from source even though a cache exists. Solves it with your own Spack ' +
    'and its settings, compares each node that has no binary with the builds of the cache, and names the deciding ' +
    'fact (target, libc, compiler, version, variant, reuse, keys ...) and the line to type. Then solves it once ' +
    'more with that change. Changes nothing. Exits with 0 when all of it is in the cache, 2 when not, and 1 when ' +
    'that cannot be determined.',
  examples: [
    'node scripts/why.ts hdf5+mpi --cache https://owner.github.io/repo',
    'node scripts/why.ts "zlib@1.2 %gcc@13" --cache https://owner.github.io/repo --json',
    'node scripts/why.ts hdf5 --cache https://owner.github.io/repo --environment ./stack',
  ],
})
  .argument('<SPEC>', 'a spec, as for `spack install`')
  .requiredOption('--cache <URL>', "the cache's address, as in the mirror")
  .option('--spack <PROGRAM>', 'your Spack', 'spack')
  .option('--environment <DIR>', 'name or folder of a Spack environment to solve it in')
  .option('--config <DIR...>', 'folders with more settings of Spack, as for `spack --config-scope`')
  .option('--no-try', 'do not solve a second time')
  .option('--json', 'print the answer as JSON', false)
  .action(async (spec: string, { json, ...options }: WhyOptions & { json: boolean }) => {
    const answer = await explainBuild(spec, options);
    if (json) process.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    else console.log(describeCauses(answer));
    if (answer.error !== '') process.exitCode = 1;
    else if (answer.causes.length > 0) process.exitCode = BUILT;
  });

await runCommand(command);
