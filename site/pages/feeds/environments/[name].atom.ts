import type { APIRoute, GetStaticPaths } from 'astro';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';
import { atomText, environmentNews } from '../../../lib/page/feed.ts';

export const getStaticPaths = (async () => {
  const { environments } = await loadCatalog();
  return environments.map((environment) => ({ params: { name: environment.name }, props: { environment } }));
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = async ({ props }) =>
  new Response(atomText(environmentNews(props.environment, await loadCatalog())));
