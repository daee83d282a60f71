import type { APIRoute, GetStaticPaths } from 'astro';
import { specDocumentText } from '../../../lib/api/specs.ts';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';

export const getStaticPaths = (async () => {
  const catalog = await loadCatalog();
  return [...catalog.builds].map(([hash, entry]) => ({ params: { hash }, props: { entry } }));
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = async ({ props }) =>
  new Response(specDocumentText(props.entry, await loadCatalog()));
