import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog/catalog.ts';
import { atomText, failureNews } from '../../lib/page/feed.ts';

export const GET: APIRoute = async () => new Response(atomText(failureNews(await loadCatalog())));
