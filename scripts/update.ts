import { createCommand, runCommand } from './cli/command.ts';
import { takeRelease } from './update/template-release.ts';

const command = createCommand({
  verb: 'update',
  description:
    'Updates this copy of the template to a new release, as one merge commit. The catalog and the settings stay ' +
    'as they are. When both sides changed the same lines, it stops and names the files.',
  examples: [
    'node scripts/update.ts https://github.com/owner/spack-build-cache',
    'node scripts/update.ts https://github.com/owner/spack-build-cache v1.2.0',
  ],
})
  .argument('<URL>', 'address of the template')
  .argument('[VERSION]', 'its tag or branch', 'main')
  .action(update);

await runCommand(command);

async function update(url: string, version: string): Promise<void> {
  const { commit, isOld } = await takeRelease(process.cwd(), url, version);
  console.error(
    isOld
      ? `nothing to do: ${version} of the template (${commit.slice(0, 8)}) is in this copy already`
      : `merged ${version} of the template (${commit.slice(0, 8)}); look at it with "git show --stat HEAD", then "git push"`,
  );
}
