import type { APIRoute, GetStaticPaths } from 'astro';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';
import { listHashes } from '../../../lib/search/search-data.ts';

export const getStaticPaths = (async () => {
  const files = listHashes(await loadCatalog());
  return files.map((hashes, file) => ({ params: { file: String(file) }, props: { hashes } }));
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) => Response.json(props.hashes);
