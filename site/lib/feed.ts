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
    `  <title>${escape(title)}</title>`,
    `  <id>${escape(address)}</id>`,
    `  <link rel="self" type="application/atom+xml" href="${escape(address)}"/>`,
    `  <link rel="alternate" type="text/html" href="${escape(page)}"/>`,
    `  <updated>${updated}</updated>`,
    `  <author><name>${escape(author)}</name></author>`,
    ...entries.flatMap(entryLines),
    '</feed>',
    '',
  ].join('\n');
}

function entryLines({ title, page, date, summary }: FeedEntry): string[] {
  return [
    '  <entry>',
    `    <title>${escape(title)}</title>`,
    `    <id>${escape(page)}</id>`,
    `    <link rel="alternate" type="text/html" href="${escape(page)}"/>`,
    `    <updated>${date}</updated>`,
    `    <summary>${escape(summary)}</summary>`,
    '  </entry>',
  ];
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Characters that XML 1.0 does not allow, not even escaped, become the replacement character. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}
