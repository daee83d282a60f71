import type { APIRoute } from 'astro';
import { describeTargets } from '../../lib/api-lists.ts';
import { loadCatalog } from '../../lib/catalog.ts';

export const GET: APIRoute = async () => Response.json(describeTargets(await loadCatalog()));
