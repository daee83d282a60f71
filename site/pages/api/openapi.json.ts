import type { APIRoute } from 'astro';
import { describeOpenApi } from '../../lib/api/openapi.ts';
import { loadCatalog } from '../../lib/catalog/catalog.ts';

export const GET: APIRoute = async () =>
  new Response(`${JSON.stringify(describeOpenApi(await loadCatalog()))}\n`);
