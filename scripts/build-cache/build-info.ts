import { posix } from 'node:path';
import { z } from 'zod';
import { parsePlainYaml } from './plain-yaml.ts';
import { quote } from './quote.ts';
import type { EntryKind, PrefixListing } from './tar/listing.ts';

/** `.spack/binary_distribution`. Source: Spack's `get_buildinfo_dict` and `tarfile_of_spec_prefix`. */
const BuildInfo = z.object({
  /** The install root on the builder. */
  buildpath: z.string().optional(),
  /** The prefix, relative to the install root. */
  relative_prefix: z.string().optional(),
  relocate_binaries: z.array(z.string()).nullish(),
  relocate_textfiles: z.array(z.string()).nullish(),
  relocate_links: z.array(z.string()).nullish(),
});

const FILES: readonly EntryKind[] = ['file', 'hard link'];
const LINKS: readonly EntryKind[] = ['symbolic link'];

/**
 * Checks `.spack/binary_distribution` against the tarball that it is in. Spack patches the files that it names,
 * in place, without looking where they are: each must be an entry of the tar itself.
 */
export function checkBuildInfo(bytes: Buffer, { prefix, entries }: PrefixListing): void {
  const info = BuildInfo.safeParse(parsePlainYaml(bytes));
  if (!info.success) {
    const [issue] = info.error.issues;
    throw new Error(
      `expected .spack/binary_distribution as Spack writes it, found at "${issue?.path.join('.')}": ${issue?.message}`,
    );
  }
  const { buildpath, relative_prefix } = info.data;
  if (buildpath !== undefined && relative_prefix !== undefined) {
    const path = posix.join(buildpath, relative_prefix);
    if (path !== `/${prefix}`) {
      throw new Error(
        `expected the install prefix ${quote(`/${prefix}`)} in .spack/binary_distribution, found ${quote(path)}`,
      );
    }
  }
  for (const [key, kinds] of [
    ['relocate_binaries', FILES],
    ['relocate_textfiles', FILES],
    ['relocate_links', LINKS],
  ] as const) {
    for (const path of info.data[key] ?? []) {
      const kind = entries.get(path)?.kind;
      if (kind === undefined || !kinds.includes(kind)) {
        throw new Error(
          `expected paths of the tar's own ${kinds === LINKS ? 'links' : 'files'} in ${key} of .spack/binary_distribution, found ${quote(path)}`,
        );
      }
    }
  }
}
