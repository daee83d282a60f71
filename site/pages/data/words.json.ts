import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog/catalog.ts';
import { describeWordIndex } from '../../lib/search/search-data.ts';

export const GET: APIRoute = async () => Response.json(describeWordIndex(await loadCatalog()));
