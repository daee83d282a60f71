import { z } from 'zod';
import { PackageName } from '../../schemas/node.ts';
import { SpecTable } from '../../schemas/api/spec-table.ts';
import { escapeUnsafe } from '../../schemas/safe-text.ts';
import { compareTexts } from '../spack/versions.ts';

/** Bytes of a sibling's document that are read at most: 200,000 builds take 17 MB, and compressed a third of it. */
export const SIBLING_LIMIT_BYTES = 32 * 2 ** 20;
/** More entries in a document of others are refused. */
const MOST = 500_000;

/**
 * A list of a document of others, looked at up to the first entry that is wrong: `z.array` keeps an issue for each, and
 * 32 MiB of wrong entries took 1.6 GB.
 */
export function foreignList<Entry extends z.ZodType>(entry: Entry, most = MOST) {
  return z
    .custom<unknown[]>(Array.isArray, 'expected a list')
    .transform((list, context): z.output<Entry>[] => {
      const read: z.output<Entry>[] = [];
      const refuse = (at: number, message: string): z.output<Entry>[] => {
        context.addIssue({ code: 'custom', message, path: [at] });
        return z.NEVER;
      };
      if (list.length > most) return refuse(most, `expected at most ${most} entries`);
      for (const [at, value] of list.entries()) {
        const result = entry.safeParse(value);
        if (!result.success) return refuse(at, result.error.issues[0]?.message ?? 'expected another entry');
        read.push(result.data);
      }
      return read;
    });
}

/** A name, a version or the like, as others write it; it is shown in pages and terminals. */
const Text = z
  .string()
  .max(300)
  .transform((text) => escapeUnsafe(text));
const Texts = foreignList(Text);
const Numbers = foreignList(z.number());
const { words, columns } = SpecTable.shape;

/** What is read of a sibling's `/api/specs.json`: a later one may have more fields. */
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

/** What is read of a sibling's `/api/packages.json`. */
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
    /** Address of the cache. */
    url: string;
    /** The highest first, as the cache says. */
    versions: readonly string[];
    targets: readonly string[];
    builds: number;
  }[];
}

/** The packages of several caches, by name; in each the caches in the order given. Of some caches nothing may be known yet. */
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

/** Packages whose name has the text, those that begin with it first. `name@version` asks for a version's beginning, too. */
export function findPackages(packages: readonly SharedPackage[], query: string): SharedPackage[] {
  const [name = '', version = ''] = query.trim().toLowerCase().split('@');
  const found = packages.filter((entry) => entry.name.toLowerCase().includes(name));
  const fitting = found.flatMap((entry) => {
    const holders = entry.holders.filter(({ versions }) => versions.some((text) => text.startsWith(version)));
    return holders.length > 0 ? [{ ...entry, holders }] : [];
  });
  const begins = (entry: SharedPackage): number => (entry.name.toLowerCase().startsWith(name) ? 0 : 1);
  return fitting.sort((a, b) => begins(a) - begins(b));
}
