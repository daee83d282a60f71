import type { APIRoute } from 'astro';
import { describeIndex } from '../../lib/api/index.ts';
import { documentText } from '../../lib/api/texts.ts';
import { loadCatalog } from '../../lib/catalog/catalog.ts';

export const GET: APIRoute = async () =>
  new Response(documentText('index', describeIndex(await loadCatalog())));
