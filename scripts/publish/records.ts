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
import type { SpecNode } from '../../site/lib/spack/dag.ts';
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
    times,
    sbom,
    logSize,
  });
}

/**
 * Yields the catalog's files of new builds: nodes first, then manifests, then the records, which mark builds as
 * published. A manifest without a record was left by a run that was stopped, and is replaced. One at a time:
 * the texts of 10,000 builds take 60 MB.
 */
export function* catalogFiles(
  builds: readonly NewBuild[],
  manifests: ReadonlyMap<DagHash, string>,
): Generator<NewFile> {
  const specs = new Map<string, SpecNode>();
  for (const { nodes } of builds) {
    for (const entry of nodes) {
      const path = specFile(entry.node);
      const earlier = specs.get(path);
      // A text that its hash verifies replaces an unverified one.
      if (!earlier || !isProved(earlier)) specs.set(path, entry);
    }
  }
  for (const [path, entry] of specs) yield { path, content: `${entry.text}\n`, replace: isProved(entry) };
  for (const { build } of builds)
    yield { path: manifestFile(build), content: manifests.get(build.hash) ?? '', replace: true };
  for (const { build } of builds) yield { path: buildFile(build), content: formatJson(build) };
}
