import type { APIRoute, GetStaticPaths } from 'astro';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';
import { servedSboms } from '../../../lib/sbom/served-sboms.ts';

export const getStaticPaths = (async () =>
  [...servedSboms(await loadCatalog())].map(([hash, text]) => ({
    params: { hash },
    props: { text },
  }))) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) => new Response(props.text);
