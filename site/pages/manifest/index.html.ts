import type { APIRoute } from 'astro';
import { describeSeed, jsonForHtml } from '../../lib/api/seed.ts';
import { loadCatalog } from '../../lib/catalog/catalog.ts';

export const GET: APIRoute = async () => new Response(jsonForHtml(describeSeed(await loadCatalog())));
