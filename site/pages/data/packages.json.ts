import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog.ts';
import { describePackageIndex } from '../../lib/search-data.ts';

export const GET: APIRoute = async () => Response.json(describePackageIndex(await loadCatalog()));
