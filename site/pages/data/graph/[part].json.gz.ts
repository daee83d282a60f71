import { compressedEndpoint } from '../../../lib/api/static-endpoint.ts';
import { describeGraphs } from '../../../lib/graph/graph.ts';

export const { getStaticPaths, GET } = compressedEndpoint(
  'part',
  (catalog) => describeGraphs(catalog).map((part, index) => [String(index), part] as const),
  (part) => JSON.stringify(part),
);
