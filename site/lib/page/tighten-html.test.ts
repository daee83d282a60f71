import { expect, test } from 'vitest';
import { tightenHtml } from './tighten-html.ts';

test('drops white space around blocks, and keeps it between words and inline elements', () => {
  const html = '<ul> <li> <a href="x">a</a> <b>b</b> c </li> <li>d</li> </ul> <p>e\n<i>f</i> g</p>';
  expect(tightenHtml(html)).toBe(
    '<ul><li><a href="x">a</a> <b>b</b> c</li><li>d</li></ul><p>e\n<i>f</i> g</p>',
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
