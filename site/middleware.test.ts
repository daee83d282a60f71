import { expect, test } from 'vitest';
import { tightenHtml } from './middleware.ts';

test('drops white space around blocks, and keeps it between words and inline elements', () => {
  const html = '<ul> <li> <a href="x y">a</a> <b>b</b> c </li> <li>d</li> </ul> <p>e\n<i>f</i> g</p>';
  expect(tightenHtml(html)).toBe(
    '<ul><li><a href="x y">a</a> <b>b</b> c</li><li>d</li></ul><p>e\n<i>f</i> g</p>',
  );
});

test('keeps code, scripts and values of attributes to the letter', () => {
  const html =
    '<p title="a > <p> b"></p><pre> <code>  x <p> </code>\n</pre><script> a <p> b </script><textarea> <p> </textarea>';
  expect(tightenHtml(html)).toBe(html);
});

test('keeps elements whose names only begin like a block: <paragraph-x>, <link-list>', () => {
  const html = 'a <p-x>b</p-x> <link-list>c</link-list> d <search>e</search> f';
  expect(tightenHtml(html)).toBe(html);
});

test('leaves out quotes that HTML does not need, and no others', () => {
  const html =
    '<a href="/x/" class="a b" id="i">a="b"</a><path d="M0"/><path d="M0" /><p title=""><i title="a&amp;b">' +
    `<i title="a=b"><i title="'"><i title='<b c="d">'><i title="&lt;b c=d" lang="en"><i data-x="=" lang="e">`;
  expect(tightenHtml(html)).toBe(
    '<a href=/x/ class="a b" id=i>a="b"</a><path d="M0"/><path d=M0 /><p title=""><i title=a&amp;b>' +
      `<i title="a=b"><i title="'"><i title='<b c="d">'><i title="&lt;b c=d" lang=en><i data-x="=" lang=e>`,
  );
});

test('keeps comments, and text in code and JSON', () => {
  const html =
    '<!-- <p class="a"> --><script type="application/ld+json">{"a":"<p class=\\"b\\">"}</script>' +
    '<style>[a="b"] { color: red }</style><textarea id="a"><p class="b"></textarea><pre id="c"><i id="d"></i></pre>';
  expect(tightenHtml(html)).toBe(html);
});
