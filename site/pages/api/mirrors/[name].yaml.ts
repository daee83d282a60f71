import type { APIRoute, GetStaticPaths } from 'astro';
import { settingsTexts } from '../../../lib/api/views.ts';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';

const FOLDER = 'mirrors/';

export const getStaticPaths = (async () =>
  [...settingsTexts(await loadCatalog())]
    .filter(([path]) => path.startsWith(FOLDER))
    .map(([path, text]) => ({
      params: { name: path.slice(FOLDER.length) },
      props: { text },
    }))) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) => new Response(props.text);
