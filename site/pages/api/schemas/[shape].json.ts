import type { APIRoute, GetStaticPaths } from 'astro';
import { ENDPOINTS } from '../../../lib/api/endpoints.ts';
import { sampleEndpoints } from '../../../lib/api/samples.ts';
import { listSchemas, schemaDocument } from '../../../lib/api/schemas.ts';
import { loadCatalog } from '../../../lib/catalog/catalog.ts';

export const getStaticPaths = (async () => {
  const samples = sampleEndpoints(await loadCatalog());
  return [...listSchemas()].map(([shape, schema]) => {
    const endpoint = ENDPOINTS.find((candidate) => candidate.shape === shape);
    const sample = samples.get(endpoint?.name ?? '')?.document;
    return { params: { shape }, props: { document: schemaDocument(shape, schema, sample) } };
  });
}) satisfies GetStaticPaths;

type Props = Awaited<ReturnType<typeof getStaticPaths>>[number]['props'];

export const GET: APIRoute<Props> = ({ props }) => new Response(`${JSON.stringify(props.document)}\n`);
