import type { APIRoute } from 'astro';
import { describeSeedDates, jsonForHtml } from '../../../lib/api/seed.ts';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';
import { dataPlace } from '../../../lib/catalog/data-commit.ts';

export const GET: APIRoute = async () =>
  new Response(jsonForHtml(describeSeedDates(await loadCatalog(), dataPlace(process.env))));
