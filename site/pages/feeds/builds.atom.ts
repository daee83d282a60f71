import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog/catalog.ts';
import { atomText, buildNews } from '../../lib/page/feed.ts';

export const GET: APIRoute = async () => new Response(atomText(buildNews(await loadCatalog())));
