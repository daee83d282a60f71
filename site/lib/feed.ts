import { escapeMarkup } from './escape-markup.ts';

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

/** A feed as Atom. All texts are plain, so that markup in them is shown and not obeyed. */
export function atomText({ title, address, page, author, entries }: Feed): string {
  // A feed must say when it changed: one without entries never did.
  const updated = entries[0]?.date ?? '1970-01-01T00:00:00Z';
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
    `  <title>${escapeMarkup(title)}</title>`,
    `  <id>${escapeMarkup(address)}</id>`,
    `  <link rel="self" type="application/atom+xml" href="${escapeMarkup(address)}"/>`,
    `  <link rel="alternate" type="text/html" href="${escapeMarkup(page)}"/>`,
    `  <updated>${updated}</updated>`,
    `  <author><name>${escapeMarkup(author)}</name></author>`,
    ...entries.flatMap(entryLines),
    '</feed>',
    '',
  ].join('\n');
}

function entryLines({ title, page, date, summary }: FeedEntry): string[] {
  return [
    '  <entry>',
    `    <title>${escapeMarkup(title)}</title>`,
    `    <id>${escapeMarkup(page)}</id>`,
    `    <link rel="alternate" type="text/html" href="${escapeMarkup(page)}"/>`,
    `    <updated>${date}</updated>`,
    `    <summary>${escapeMarkup(summary)}</summary>`,
    '  </entry>',
  ];
}
