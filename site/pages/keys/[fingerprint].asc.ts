import type { APIRoute, GetStaticPaths } from 'astro';
import { loadCatalog } from '../../lib/catalog/catalog.ts';

export const getStaticPaths = (async () => {
  const { keys } = await loadCatalog();
  return keys.map((key) => ({ params: { fingerprint: key.fingerprint }, props: { key } }));
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) => new Response(props.key.armored);
