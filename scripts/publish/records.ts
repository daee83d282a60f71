import {
  Build as BuildSchema,
  type Build,
  type BuildTimes,
  type Image,
  type Origin,
} from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { NewFile } from '../catalog/catalog.ts';
import { buildFile, manifestFile, specFile } from '../../site/lib/catalog/catalog-files.ts';
import { isProved } from '../build-cache/spec-file.ts';
import type { InspectedTarball } from '../build-cache/tar/tarball.ts';
import type { SpecDag } from './spec-image.ts';
import { formatJson } from '../../site/lib/json.ts';

/** A build that is not in the catalog yet. */
export interface NewBuild extends SpecDag {
  build: Build;
}

/** Composes the catalog's record of a build. */
export function recordBuild(
  spec: SpecDag & { unverifiedExternals: readonly DagHash[] },
  { tarball, contents, times: claimed, sbom, logSize }: InspectedTarball,
  image: Image,
  circumstances: { published: string; origin: Origin; times?: BuildTimes | undefined },
): Build {
  const { name, version, hash } = spec.root.node;
  const { published, origin, times = claimed } = circumstances;
  const unverified = [...spec.unverifiedExternals].sort();
  return BuildSchema.parse({
    name,
    version,
    hash,
    published,
    tarball,
    contents,
    image,
    ...(unverified.length > 0 ? { unverifiedExternals: unverified } : {}),
    origin,
    ...(times === undefined ? {} : { times }),
    ...(sbom === undefined ? {} : { sbom }),
    ...(logSize === undefined ? {} : { logSize }),
  });
}

/**
 * Returns the catalog's files of new builds: nodes first, then manifests, then the records, which mark builds
 * as published. A manifest without a record was left by a run that was stopped, and is replaced.
 */
export function catalogFiles(
  builds: readonly NewBuild[],
  manifests: ReadonlyMap<DagHash, string>,
): NewFile[] {
  const specs = new Map<string, NewFile>();
  for (const { nodes } of builds) {
    for (const entry of nodes.values()) {
      const path = specFile(entry.node);
      if (specs.get(path)?.replace) continue;
      // A text that its hash verifies replaces an unverified one.
      specs.set(path, { path, content: `${entry.text}\n`, replace: isProved(entry) });
    }
  }
  return [
    ...specs.values(),
    ...builds.map(({ build }) => ({
      path: manifestFile(build),
      content: manifests.get(build.hash) ?? '',
      replace: true,
    })),
    ...builds.map(({ build }) => ({ path: buildFile(build), content: formatJson(build) })),
  ];
}
