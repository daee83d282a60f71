import type { APIRoute, GetStaticPaths } from 'astro';
import { describePackage } from '../../../lib/api/specs.ts';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';

export const getStaticPaths = (async () => {
  const catalog = await loadCatalog();
  return [...catalog.packages.values()].map((entry) => ({ params: { name: entry.name }, props: { entry } }));
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = async ({ props }) =>
  Response.json(describePackage(props.entry, await loadCatalog()));
