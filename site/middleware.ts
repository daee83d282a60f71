import { defineMiddleware } from 'astro:middleware';
import { tightenHtml } from './lib/page/tighten-html.ts';

/** Writes pages without white space that shows nothing. */
export const onRequest = defineMiddleware(async (_context, next) => {
  const response = await next();
  if (!response.headers.get('Content-Type')?.startsWith('text/html')) return response;
  return new Response(tightenHtml(await response.text()), response);
});
