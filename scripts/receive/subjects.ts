import { hash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sbomText } from '../../site/lib/sbom/sbom.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { Container } from '../../site/schemas/container.ts';
import { hexOf, type DagHash } from '../../site/schemas/digest.ts';
import { setOutput } from '../github/actions.ts';

/** The most subjects of one attestation. Source: the README of actions/attest. */
const MAX_SUBJECTS = 1_024;
/** As many as `.github/actions/attest` has steps. */
const MAX_FILES = 4;

/** What is new in the registry. */
export interface Published {
  builds: readonly Build[];
  containers: readonly Container[];
  /** Every node of their DAGs. Absent: their bills of materials are not attested. */
  nodes?: ReadonlyMap<DagHash, SpecNode>;
}

/**
 * Hands what is to be attested to the next step.
 * @returns what will not be, in sentences
 */
export function attestLater(folder: string, published: Published, isPrivate: boolean): string[] {
  if (isPrivate && published.builds.length + published.containers.length > 0)
    return ['GitHub attests builds of public repositories only: these are published without attestations'];
  const { files, unattested } = writeSubjects(folder, published);
  setOutput('subjects', String(files));
  return unattested === 0
    ? []
    : [`${unattested} digests are not attested: one run attests ${MAX_FILES * MAX_SUBJECTS} at most`];
}

/**
 * Writes what is to be attested into a folder, each new container's, image's, tarball's and bill of materials' digest in the form of sha256sum, as many
 * to a file as one attestation takes: `1.txt`, `2.txt` and so on.
 * @returns how many files there are, and how many digests did not fit into them
 */
export function writeSubjects(
  folder: string,
  { builds, containers, nodes }: Published,
): { files: number; unattested: number } {
  const lines = [
    ...containers.map(({ digest, tags: [tag = ''] }) => `${hexOf(digest)}  ${tag}\n`),
    ...builds.flatMap((build) => {
      const { tarball, image } = build;
      return [
        `${hexOf(image.digest)}  ${image.tag}\n`,
        `${hexOf(tarball.digest)}  ${image.tag}.tar.gz\n`,
        ...(nodes ? [`${hash('sha256', sbomText(build, nodes))}  ${image.tag}.spdx.json\n`] : []),
      ];
    }),
  ];
  const files = Math.min(MAX_FILES, Math.ceil(lines.length / MAX_SUBJECTS));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (let file = 0; file < files; file += 1) {
    const part = lines.slice(file * MAX_SUBJECTS, (file + 1) * MAX_SUBJECTS);
    writeFileSync(join(folder, `${file + 1}.txt`), part.join(''));
  }
  return { files, unattested: Math.max(0, lines.length - files * MAX_SUBJECTS) };
}
