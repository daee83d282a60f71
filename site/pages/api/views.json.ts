import type { APIRoute } from 'astro';
import { describeViews } from '../../lib/api-lists.ts';
import { loadCatalog } from '../../lib/catalog.ts';

export const GET: APIRoute = async () => Response.json(describeViews(await loadCatalog()));
