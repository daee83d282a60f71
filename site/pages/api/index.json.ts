import type { APIRoute } from 'astro';
import { describeIndex } from '../../lib/api-lists.ts';
import { loadCatalog } from '../../lib/catalog.ts';

export const GET: APIRoute = async () => Response.json(describeIndex(await loadCatalog()));
