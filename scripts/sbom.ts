import { sbomText } from '../site/lib/sbom/sbom.ts';
import { readCatalog } from './catalog/catalog.ts';
import { createCommand, runCommand } from './cli/command.ts';

const command = createCommand({
  verb: 'sbom',
  description:
    'Prints the bill of materials of a build in SPDX 2.3: the build, its run-time dependencies, and what it was built ' +
    'with. The output has the bytes that were attested, and those of /api/sbom/<hash>.json, which the site serves for roots of ' +
    'environments and the newest builds.',
  examples: [
    'node scripts/sbom.ts mgvrpqcayml2t34bqu5anstlc53ooayw',
    'node scripts/sbom.ts mgvrpqc --catalog site/content > tree.spdx.json',
  ],
})
  .argument('<HASH>', 'DAG hash of the build, or its beginning')
  .existingCatalog()
  .action((hash: string, { catalog: folder }: { catalog: string }) => {
    const { builds, nodes } = readCatalog(folder);
    const matches = [...builds.values()].filter((build) => build.hash.startsWith(hash.replace(/^\//, '')));
    const [build] = matches;
    if (build === undefined || matches.length > 1)
      throw new Error(
        `${hash.slice(0, 40)}: expected the hash of one build in ${folder}, found ${matches.length}; ` +
          'give more of its characters, from the page of the build',
      );
    process.stdout.write(sbomText(build, nodes));
  });

await runCommand(command);
