import type { APIRoute } from 'astro';
import { settingsTexts } from '../../lib/api/views.ts';
import { loadCatalog } from '../../lib/catalog/catalog.ts';

export const GET: APIRoute = async () =>
  new Response(settingsTexts(await loadCatalog()).get('mirrors') ?? '');
