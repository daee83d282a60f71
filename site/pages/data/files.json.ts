import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog.ts';
import { describeFileIndex } from '../../lib/search-data.ts';

export const GET: APIRoute = async () => Response.json(describeFileIndex(await loadCatalog()));
