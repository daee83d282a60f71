import { writeFileSync } from 'node:fs';
import type { Build } from '../../site/schemas/build.ts';
import { hexOf } from '../../site/schemas/digest.ts';

/** The most subjects of one attestation. Source: the README of actions/attest. */
export const MAX_SUBJECTS = 1_024;

/**
 * Writes what is to be attested, in the form of sha256sum: each new tarball's and image's digest.
 * @returns how many of them did not fit into one attestation
 */
export function writeSubjects(file: string, builds: readonly Build[]): number {
  const lines = builds.flatMap(({ tarball, image }) => [
    `${hexOf(image.digest)}  ${image.tag}`,
    `${hexOf(tarball.digest)}  ${image.tag}.tar.gz`,
  ]);
  writeFileSync(
    file,
    lines
      .slice(0, MAX_SUBJECTS)
      .map((line) => `${line}\n`)
      .join(''),
  );
  return Math.max(0, lines.length - MAX_SUBJECTS);
}
