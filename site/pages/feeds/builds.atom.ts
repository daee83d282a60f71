import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog.ts';
import { atomText } from '../../lib/feed.ts';
import { buildNews } from '../../lib/news.ts';

export const GET: APIRoute = async () => new Response(atomText(buildNews(await loadCatalog())));
