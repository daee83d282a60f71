import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog/catalog.ts';
import { describeFileIndex } from '../../lib/search/search-data.ts';

export const GET: APIRoute = async () => Response.json(describeFileIndex(await loadCatalog()));
