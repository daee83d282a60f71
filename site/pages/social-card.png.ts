import type { APIRoute } from 'astro';
import sharp from 'sharp';
import { loadCatalog } from '../lib/catalog/catalog.ts';
import { drawCard } from '../lib/page/social-card.ts';

// Services that show cards do not support SVG.
export const GET: APIRoute = async () => {
  const picture = await sharp(Buffer.from(drawCard(await loadCatalog())))
    .png({ palette: true })
    .toBuffer();
  return new Response(new Uint8Array(picture));
};
