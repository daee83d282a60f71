import type { APIRoute, GetStaticPaths } from 'astro';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';
import { atomText, packageNews } from '../../../lib/page/feed.ts';

export const getStaticPaths = (async () => {
  const { packages } = await loadCatalog();
  return [...packages.values()].map((entry) => ({ params: { name: entry.name }, props: { entry } }));
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) => new Response(atomText(packageNews(props.entry)));
