import type { APIRoute, GetStaticPaths } from 'astro';
import { apiTexts } from '../../lib/api/texts.ts';
import { loadCatalog } from '../../lib/catalog/catalog.ts';

export const getStaticPaths = (async () =>
  [...apiTexts(await loadCatalog()).lists].map(([list, text]) => ({
    params: { list },
    props: { text },
  }))) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) => new Response(props.text);
