import type { APIRoute, GetStaticPaths } from 'astro';
import { loadCatalog } from '../../../../lib/catalog/catalog.ts';
import { describeGraph } from '../../../../lib/graph/graph.ts';

export const getStaticPaths = (async () => {
  const { builds } = await loadCatalog();
  return [...builds.values()]
    .filter(({ node }) => node.dependencies.length > 0)
    .map(({ build }) => ({ params: { name: build.name, hash: build.hash }, props: { hash: build.hash } }));
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = async ({ props }) =>
  Response.json(describeGraph(props.hash, await loadCatalog()));
