import { gzipSync } from 'node:zlib';
import type { APIRoute, GetStaticPaths } from 'astro';
import { nodeListText } from '../../../lib/api/specs.ts';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';

export const getStaticPaths = (async () => {
  const { packages } = await loadCatalog();
  return [...packages.values()].map((entry) => ({ params: { name: entry.name }, props: { entry } }));
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) =>
  new Response(new Uint8Array(gzipSync(nodeListText(props.entry), { level: 9 })));
