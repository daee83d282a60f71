import type { APIRoute } from 'astro';
import { llmsText } from '../lib/api/recipes.ts';
import { loadCatalog } from '../lib/catalog/catalog.ts';

export const GET: APIRoute = async () => new Response(llmsText(await loadCatalog()));
