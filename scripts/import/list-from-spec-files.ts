import { targetOf, runtimeDependencies } from '../../site/schemas/node.ts';
import { parseSpecFile } from '../build-cache/spec-file.ts';
import { describeError } from '../cli/command.ts';
import { sortBuilds } from './index-file.ts';
import type { MirrorFiles } from '../build-cache/mirror-files.ts';
import type { SourceBuild, SourceSpec } from './source.ts';

const SPECS = 'v3/manifests/spec';
const FILE_NAME = /-([a-z2-7]{32})\.spec\.manifest\.json$/;

/** The builds of a directory without an index, from its spec files. */
export async function listFromSpecFiles(
  folder: MirrorFiles,
  read: (build: SourceBuild) => Promise<SourceSpec>,
): Promise<SourceBuild[]> {
  const packages = await folder.list(SPECS);
  if (!packages) {
    throw new Error(
      `${folder.address}: expected an index (v3/manifests/index/index.manifest.json), found none; ` +
        'run `spack buildcache update-index` on it',
    );
  }
  const builds: SourceBuild[] = [];
  for (const name of packages.toSorted()) {
    for (const file of ((await folder.list(`${SPECS}/${name}`)) ?? []).toSorted()) {
      const hash = FILE_NAME.exec(file)?.[1];
      if (hash !== undefined) builds.push(await completeBuild(name, hash, `${SPECS}/${name}/${file}`, read));
    }
  }
  return sortBuilds(builds);
}

/**
 * A build with the facts from its spec file. One with an unreadable file stays in the list, to be reported
 * later.
 */
export async function completeBuild(
  name: string,
  hash: string,
  place: string,
  read: (build: SourceBuild) => Promise<SourceSpec>,
): Promise<SourceBuild> {
  const build: SourceBuild = { name, version: '', hash, target: '', needs: [], places: [place] };
  try {
    const { root } = parseSpecFile((await read(build)).specText);
    const { version } = root.node;
    const needs = runtimeDependencies(root.node).map((dependency) => dependency.hash);
    return { ...build, name: root.node.name, version, target: targetOf(root.node), needs };
  } catch (error) {
    if (process.env['DEBUG']) console.error(describeError(error));
    return build;
  }
}
