import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog/catalog.ts';
import { advisoryNews, atomText } from '../../lib/page/feed.ts';

export const GET: APIRoute = async () => new Response(atomText(advisoryNews(await loadCatalog())));
