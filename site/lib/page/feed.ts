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
import { ownValue } from '../../schemas/safe-text.ts';

/** A feed of news. Source: RFC 4287. */
export interface Feed {
  title: string;
  /** Full address of the feed itself. */
  address: string;
  /** Full address of the page with the same content. */
  page: string;
  author: string;
  /** The newest first. */
  entries: FeedEntry[];
}

/** An entry of a feed. */
export interface FeedEntry {
  title: string;
  /** Full address of its page, which is also its permanent id. */
  page: string;
  /** UTC. */
  date: string;
  summary: string;
}

/**
 * A feed in Atom. All texts are plain, so that readers show markup in them instead of interpreting it. It is
 * kept short, because every package has one: a link without `rel` is an alternate one.
 */
export function atomText({ title, address, page, author, entries }: Feed): string {
  // The date of the last change is required. A feed without entries has never changed.
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

/**
 * Escapes text for XML and SVG. Characters that XML 1.0
 * forbids even escaped become the replacement character.
 */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"]/g, (character) => ownValue(ENTITIES, character) ?? '');
}

/** Maximum number of entries in a feed. Readers who visit rarely can look at the site. */
const NEWEST = 50;
const NEWEST_OF_PACKAGE = 5;

/** Feed of the newest builds. */
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

/** Feed of the newest builds of a package, with few entries because every package has one. */
export function packageNews({ name, builds }: CatalogPackage): Feed {
  const newest = builds.toSorted((left, right) => compareTexts(right.build.published, left.build.published));
  const entries = newest.slice(0, NEWEST_OF_PACKAGE).map(buildEntry);
  return feedOf(name, packageFeedPath(name), packagePath(name), entries);
}

/** Feed of an environment's newest builds: its roots and their dependencies. */
export function environmentNews({ name, lock }: CatalogEnvironment, { builds }: SiteCatalog): Feed {
  const own = [...builds.values()].filter(({ build }) => lock && build.hash in lock.concrete_specs);
  const entries = own.slice(0, NEWEST).map(buildEntry);
  return feedOf(`environment ${name}`, environmentFeedPath(name), environmentPath(name), entries);
}

/** Makes a feed of this cache from its subject and its paths on the site. */
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

/** Feed of the newest failures. */
export function failureNews({ failures }: SiteCatalog): Feed {
  const entries = failures.slice(0, NEWEST).map((failure) => ({
    title: `${failure.name}: ${describeKind(failure.kind)}`,
    page: externalUrl(failurePath(failure)),
    date: failure.date,
    summary: failure.spec || failure.name,
  }));
  return feedOf('failures', failuresFeedPath, failuresPath, entries);
}

/** Feed of advisories, the most recently seen first. */
export function advisoryNews(catalog: SiteCatalog): Feed {
  const advisories = allAdvisories(catalog).map((advisory) => ({
    title: `${advisory.name}@${advisory.version}`,
    // Also the id of the entry: a package may have several.
    page: `${externalUrl(packagePath(advisory.name))}#deprecated-${encodeURIComponent(advisory.version)}`,
    date: advisory.seen,
    summary: advisoryText(advisory),
  }));
  const entries = [...olderNews(catalog), ...advisories]
    .sort((left, right) => compareTexts(right.date, left.date))
    .slice(0, NEWEST);
  return feedOf('deprecated versions, older builds', advisoriesFeedPath, '/', entries);
}

/** An entry for the newest recipes that were read. Its numbers change while builds are renewed. */
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
