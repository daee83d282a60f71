import type { APIRoute, GetStaticPaths } from 'astro';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';
import { describeGraphs } from '../../../lib/graph/graph.ts';

export const getStaticPaths = (async () =>
  describeGraphs(await loadCatalog()).map((part, index) => ({
    params: { part: String(index) },
    props: { part },
  }))) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) => Response.json(props.part);
