import type { APIRoute } from 'astro';
import { describePackages } from '../../lib/api-lists.ts';
import { loadCatalog } from '../../lib/catalog.ts';

export const GET: APIRoute = async () => Response.json(describePackages(await loadCatalog()));
