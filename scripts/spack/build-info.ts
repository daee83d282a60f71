import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';
import { isAlias, isCollection, isNode, isPair, isScalar, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { quote } from './refusal.ts';
import type { EntryKind, PrefixListing } from './tar-listing.ts';

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
 * Checks `.spack/binary_distribution` against the tarball that it lies in. Spack patches the files that it names,
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

/**
 * Reads the YAML that every reader reads alike: no anchors, aliases, tags, merge keys or repeated keys,
 * and no characters that are a line's end to some readers only.
 */
function parsePlainYaml(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw notPlain('bytes that are no UTF-8');
  const text = bytes.toString();
  const unsafe = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.exec(text)?.[0];
  if (unsafe !== undefined) throw notPlain(`the character ${quote(unsafe)}`);
  const document = parseDocument(text, { strict: true, uniqueKeys: true, keepSourceTokens: false });
  const [error] = [...document.errors, ...document.warnings];
  if (error) throw notPlain(quote(error.message.split('\n')[0] ?? ''));
  visit(document, (_, item) => {
    if (isAlias(item)) throw notPlain('an alias');
    if (isPair(item) && (!isScalar(item.key) || item.key.value === '<<')) throw notPlain('a merge key');
    if (!isNode(item) || isAlias(item)) return;
    if (item.tag !== undefined && !item.tag.startsWith('tag:yaml.org,2002:')) throw notPlain('a tag');
    if ((isScalar(item) || isCollection(item)) && item.anchor !== undefined) throw notPlain('an anchor');
  });
  return document.toJS({ maxAliasCount: 0 });
}

function notPlain(found: string): Error {
  return new Error(`expected plain YAML in .spack/binary_distribution, found ${found}`);
}
