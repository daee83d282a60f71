import type { MiddlewareHandler } from 'astro';

/** Writes pages without white space that shows nothing. */
export const onRequest: MiddlewareHandler = async (_context, next) => {
  const response = await next();
  if (!response.headers.get('Content-Type')?.startsWith('text/html')) return response;
  return new Response(tightenHtml(await response.text()), response);
};

/** Elements before and after which browsers drop white space: blocks, parts of tables, and what is not shown. */
const BLOCKS =
  'html|head|meta|link|title|body|header|footer|main|nav|aside|section|article|div|h[1-6]|p|ul|ol|li|dl|dt|dd|figure|' +
  'figcaption|table|caption|thead|tbody|tr|th|td|form|fieldset|details|summary|pre';
const SPACE_AT_BLOCK = new RegExp(`\\s*(</?(?:${BLOCKS})(?=[\\s>])(?:[^>"]|"[^"]*")*>)\\s*`, 'gi');
/** Comments, and elements whose text stays as it is. */
const AS_WRITTEN = /(<!--.*?-->|<(pre|script|style|textarea)[\s>].*?<\/\2>)/is;
const START_TAG = /<[a-z](?:[^>"']|"[^"]*"|'[^']*')*>/gi;
/** A value in quotes; captured where it may be written without them: not before `/>`, whose slash would join it. */
const QUOTED = /=(?:"([^\s"'=<>`]+)"(?=[ \n>])|"[^"]*"|'[^']*')/g;

/**
 * A page without white space that shows nothing, which is 1 to 5 % of it as Astro's templates and its
 * `compressHTML: true` leave it, and without quotes that HTML does not need, which are another 2 %.
 * Source: https://html.spec.whatwg.org/multipage/syntax.html#unquoted
 */
export function tightenHtml(html: string): string {
  return html
    .split(AS_WRITTEN)
    .filter((_part, index) => index % 3 !== 2)
    .map((text, part) => (part % 2 === 1 ? text : tightenMarkup(text)))
    .join('');
}

function tightenMarkup(markup: string): string {
  return markup
    .replace(SPACE_AT_BLOCK, '$1')
    .replace(START_TAG, (tag) =>
      tag.replace(QUOTED, (quoted, value?: string) => (value === undefined ? quoted : `=${value}`)),
    );
}
