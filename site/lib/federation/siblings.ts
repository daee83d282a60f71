import { z } from 'zod';
import { PackageName } from '../../schemas/node.ts';
import { SpecTable } from '../../schemas/api/spec-table.ts';
import { escapeUnsafe } from '../../schemas/safe-text.ts';
import { foreignList } from '../../schemas/values.ts';
import { compareTexts } from '../spack/versions.ts';

/** Maximum size of a sibling's document, in bytes. 200,000 builds take 17 MB, a third of that compressed. */
export const SIBLING_LIMIT_BYTES = 32 * 2 ** 20;
/** An untrusted name, version or the like, for display in pages and terminals. */
const Text = z
  .string()
  .max(300)
  .transform((text) => escapeUnsafe(text));
const Texts = foreignList(Text);
const Numbers = foreignList(z.number());
const { words, columns } = SpecTable.shape;

/** The fields read from a sibling's `/api/specs.json`. Newer caches may have more. */
export const SiblingTable = z.object({
  words: z.object(
    Object.fromEntries(Object.keys(words.shape).map((name) => [name, Texts])) as Record<
      keyof typeof words.shape,
      typeof Texts
    >,
  ),
  columns: z
    .object({
      ...(Object.fromEntries(
        Object.entries(columns.shape).map(([name, { element }]) => [name, foreignList<z.ZodType>(element)]),
      ) as Record<keyof typeof columns.shape, typeof Numbers>),
      hash: foreignList(columns.shape.hash.element),
      site: foreignList(columns.shape.site.element),
    })
    .refine(
      (lists) => Object.values(lists).every(({ length }) => length === lists.hash.length),
      'expected columns of one length',
    ),
});
export type SiblingTable = z.infer<typeof SiblingTable>;

/** The fields read from a sibling's `/api/packages.json`. */
export const SiblingPackages = z.object({
  packages: foreignList(
    z.object({
      name: PackageName,
      versions: foreignList(Text, 10_000),
      targets: foreignList(Text, 1_000),
      builds: z.number().int().nonnegative(),
    }),
  ),
});
export type SiblingPackages = z.infer<typeof SiblingPackages>;

/** A package and the caches that have it. */
export interface SharedPackage {
  name: string;
  holders: {
    url: string;
    /** In the cache's own order: the highest first. */
    versions: readonly string[];
    targets: readonly string[];
    builds: number;
  }[];
}

/**
 * Packages of several caches by name, each with its caches
 * in the given order. Lists of some caches may be missing.
 */
export function joinPackages(
  lists: ReadonlyMap<string, SiblingPackages>,
  order: Iterable<string> = lists.keys(),
): SharedPackage[] {
  const shared = new Map<string, SharedPackage>();
  for (const url of order) {
    for (const { name, versions, targets, builds } of lists.get(url)?.packages ?? []) {
      const entry = shared.get(name) ?? { name, holders: [] };
      entry.holders.push({ url, versions, targets, builds });
      shared.set(name, entry);
    }
  }
  return [...shared.values()].sort((a, b) => compareTexts(a.name, b.name));
}

/**
 * Packages whose name contains the text, first those that begin
 * with it. `name@version` also filters by version prefix.
 */
export function findPackages(packages: readonly SharedPackage[], query: string): SharedPackage[] {
  const [name = '', version = ''] = query.trim().toLowerCase().split('@');
  const matches = packages.filter((entry) => entry.name.toLowerCase().includes(name));
  const fitting = matches.flatMap((entry) => {
    const holders = entry.holders.filter(({ versions }) => versions.some((text) => text.startsWith(version)));
    return holders.length > 0 ? [{ ...entry, holders }] : [];
  });
  const begins = (entry: SharedPackage): number => (entry.name.toLowerCase().startsWith(name) ? 0 : 1);
  return fitting.sort((a, b) => begins(a) - begins(b));
}
