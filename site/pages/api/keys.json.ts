import type { APIRoute } from 'astro';
import { describeKeys } from '../../lib/api-lists.ts';
import { loadCatalog } from '../../lib/catalog.ts';

export const GET: APIRoute = async () => Response.json(describeKeys(await loadCatalog()));
