import { createCommand, runCommand } from './cli/command.ts';
import { openCopyFolder } from './copy/copy-folder.ts';
import { copyView, describeCopy } from './copy/copy-view.ts';
import { openMirrorFiles } from './build-cache/mirror-files.ts';
import { openRegistry } from './oci/open-registry.ts';

interface Options {
  view: string;
  to: string;
  from: string;
  registry?: string[];
}

const command = createCommand({
  verb: 'copy',
  description:
    'Copies a view of a cache, with all that its builds need at run time, into a directory that Spack installs from ' +
    'without a network. Manifests, signatures and keys are copied byte for byte. Every blob is checked by its ' +
    'sha256; what the directory already has is not fetched again, so an interrupted copy continues when it is run again.',
  examples: [
    'node scripts/copy.ts --view env-lab --to /media/disk/lab-cache --from https://owner.github.io/repo',
    'node scripts/copy.ts --view all --to lab-cache --from https://owner.github.io/repo --registry ghcr.io/owner/repo',
  ],
})
  .option('--view <NAME>', "a view's name, as the site lists them (default: what the site itself serves)", '')
  .requiredOption('--to <DIR>', 'directory for the copy: new, or with an earlier copy of the same view')
  .option('--from <PLACE>', "the cache's address, or the directory of a built site", 'dist')
  .option(
    '--registry <REGISTRY...>',
    'registries with what the site does not have: host/path or oci-layout:DIR',
  )
  .action(async ({ view, to, from, registry }: Options) => {
    const source = openMirrorFiles(from);
    const folder = await openCopyFolder(to, view);
    const registries = (registry ?? []).map((reference) => openRegistry(reference));
    console.error(describeCopy(await copyView(source, { view, folder, registries }), to));
  });

await runCommand(command);
