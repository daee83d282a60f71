import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { atomText, type FeedEntry } from './feed.ts';

const entry: FeedEntry = {
  title: '<script>a & "b"</script>',
  page: 'https://owner.example/cache/builds/zlib/?a=1&b=2',
  date: '2026-11-23T07:40:00Z',
  summary: 'control \u0001\u001b[0m, half a pair \ud800, ]]>',
};

test('treats markup as text and replaces characters that XML forbids', () => {
  const text = atomText({
    title: 'New & shiny',
    address: 'https://owner.example/cache/feeds/builds.atom',
    page: 'https://owner.example/cache/',
    author: 'cache',
    entries: [entry],
  });
  expect(text).not.toContain('<script>');
  expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff]/);
  const { document } = parseHTML(text);
  expect(document.querySelector('entry > title')?.textContent).toBe(entry.title);
  expect(document.querySelector('entry > id')?.textContent).toBe(entry.page);
  expect(document.querySelector('feed > updated')?.textContent).toBe(entry.date);
});

test('an empty feed is always the same', () => {
  const empty = { title: 'Nothing', address: 'https://a/', page: 'https://a/', author: 'a', entries: [] };
  expect(atomText(empty)).toContain('<updated>1970-01-01T00:00:00Z</updated>');
});
