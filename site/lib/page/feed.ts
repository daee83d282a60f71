import { targetOf } from '../../schemas/node.ts';
import { advisoryText, allAdvisories } from '../advisories/advisories.ts';
import { countFreshness, olderText } from '../advisories/freshness.ts';
import {
  advisoriesFeedPath,
  mirrorName,
  buildPath,
  buildsFeedPath,
  environmentFeedPath,
  environmentPath,
  externalUrl,
  failuresFeedPath,
  failuresPath,
  packageFeedPath,
  packagePath,
  recipesAnchor,
  statisticsPath,
} from '../url.ts';
import { describeKind, failurePath } from '../catalog/failures.ts';
import { formatSize } from '../format.ts';
import type {
  CatalogBuild,
  CatalogEnvironment,
  CatalogPackage,
  SiteCatalog,
} from '../catalog/site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';
import { segmentsText, specSegments } from '../spack/spec-text.ts';

/** A feed of news. Source: RFC 4287. */
export interface Feed {
  title: string;
  /** Full address of the feed itself. */
  address: string;
  /** Full address of the page with the same. */
  page: string;
  author: string;
  /** The newest first. */
  entries: FeedEntry[];
}

export interface FeedEntry {
  title: string;
  /** Full address of its page: also its id, which never changes. */
  page: string;
  /** UTC. */
  date: string;
  summary: string;
}

/**
 * A feed as Atom. All texts are plain, so that markup in them is shown and not obeyed. Every package has one, so that it is
 * short: a link without `rel` is an alternate one.
 */
export function atomText({ title, address, page, author, entries }: Feed): string {
  // A feed must say when it changed: one without entries never did.
  const updated = entries[0]?.date ?? '1970-01-01T00:00:00Z';
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
    `<title>${escapeMarkup(title)}</title>`,
    `<id>${escapeMarkup(address)}</id>`,
    `<link rel="self" href="${escapeMarkup(address)}"/>`,
    `<link href="${escapeMarkup(page)}"/>`,
    `<updated>${updated}</updated>`,
    `<author><name>${escapeMarkup(author)}</name></author>`,
    ...entries.flatMap(entryLines),
    '</feed>',
    '',
  ].join('\n');
}

function entryLines({ title, page, date, summary }: FeedEntry): string[] {
  return [
    '<entry>',
    `<title>${escapeMarkup(title)}</title>`,
    `<id>${escapeMarkup(page)}</id>`,
    `<link href="${escapeMarkup(page)}"/>`,
    `<updated>${date}</updated>`,
    `<summary>${escapeMarkup(summary)}</summary>`,
    '</entry>',
  ];
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML and SVG. Characters that XML 1.0 does not allow, not even escaped, become the replacement character. */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}

/** Entries in a feed; readers that come by rarely look at the site. */
const NEWEST = 50;
const NEWEST_OF_PACKAGE = 5;

/** The newest builds. */
export function buildNews({ builds, nodes }: SiteCatalog): Feed {
  return feedOf(
    'new builds',
    buildsFeedPath,
    '/',
    [...builds.values()].slice(0, NEWEST).map((entry) => ({
      ...buildEntry(entry),
      summary: `${segmentsText(specSegments(entry.node, nodes))} (${formatSize(entry.build.tarball.size)})`,
    })),
  );
}

/** The newest builds of a package; few, since every package has such a feed. */
export function packageNews({ name, builds }: CatalogPackage): Feed {
  const newest = builds.toSorted((left, right) => compareTexts(right.build.published, left.build.published));
  const entries = newest.slice(0, NEWEST_OF_PACKAGE).map(buildEntry);
  return feedOf(name, packageFeedPath(name), packagePath(name), entries);
}

/** The newest builds that an environment needs: its roots and what they need. */
export function environmentNews({ name, lock }: CatalogEnvironment, { builds }: SiteCatalog): Feed {
  const own = [...builds.values()].filter(({ build }) => lock && build.hash in lock.concrete_specs);
  const entries = own.slice(0, NEWEST).map(buildEntry);
  return feedOf(`environment ${name}`, environmentFeedPath(name), environmentPath(name), entries);
}

/** A feed of this cache, from what it is of and its paths on the site. */
function feedOf(subject: string, path: string, page: string, entries: FeedEntry[]): Feed {
  return {
    title: `${mirrorName()}: ${subject}`,
    address: externalUrl(path),
    page: externalUrl(page),
    author: mirrorName(),
    entries,
  };
}

function buildEntry({ build, node }: CatalogBuild): FeedEntry {
  return {
    title: `${build.name}@${build.version} for ${node.arch.platform_os}-${targetOf(node)}`,
    page: externalUrl(buildPath(build)),
    date: build.published,
    summary: `/${build.hash} (${formatSize(build.tarball.size)})`,
  };
}

/** The newest failures. */
export function failureNews({ failures }: SiteCatalog): Feed {
  const entries = failures.slice(0, NEWEST).map((failure) => ({
    title: `${failure.name}: ${describeKind(failure.kind)}`,
    page: externalUrl(failurePath(failure)),
    date: failure.date,
    summary: failure.spec || failure.name,
  }));
  return feedOf('failures', failuresFeedPath, failuresPath, entries);
}

/** What recipes advise against, what was seen last first. */
export function advisoryNews(catalog: SiteCatalog): Feed {
  const advisories = allAdvisories(catalog).map((advisory) => ({
    title: `${advisory.name}@${advisory.version}`,
    // The id of an entry: a package may have several.
    page: `${externalUrl(packagePath(advisory.name))}#withdrawn-${encodeURIComponent(advisory.version)}`,
    date: advisory.seen,
    summary: advisoryText(advisory),
  }));
  const entries = [...olderNews(catalog), ...advisories]
    .sort((left, right) => compareTexts(right.date, left.date))
    .slice(0, NEWEST);
  return feedOf('withdrawn versions, older builds', advisoriesFeedPath, '/', entries);
}

/** One entry for the newest recipes that were read; its numbers change while builds are renewed. */
function olderNews(catalog: SiteCatalog): FeedEntry[] {
  const { comparison } = catalog;
  if (!comparison) return [];
  const count = countFreshness(catalog.builds.values(), catalog);
  return [
    {
      title: `Recipes ${comparison.release}`,
      page: `${externalUrl(statisticsPath)}#${recipesAnchor(comparison.release)}`,
      date: comparison.date,
      summary: `${olderText(count, catalog)}.`,
    },
  ];
}
