import { textEndpoint } from '../../../lib/api/static-endpoint.ts';
import { ENDPOINTS } from '../../../lib/api/endpoints.ts';
import { sampleEndpoints } from '../../../lib/api/samples.ts';
import { listSchemas, schemaDocument } from '../../../lib/api/schemas.ts';

export const { getStaticPaths, GET } = textEndpoint('shape', (catalog) => {
  const samples = sampleEndpoints(catalog);
  return [...listSchemas()].map(([shape, schema]) => {
    const endpoint = ENDPOINTS.find((candidate) => candidate.shape === shape);
    const sample = samples.get(endpoint?.name ?? '')?.document;
    return [shape, `${JSON.stringify(schemaDocument(shape, schema, sample))}\n`];
  });
});
