import { staticEndpoint } from '../../../lib/api/static-endpoint.ts';
import { listHashes } from '../../../lib/search/search-data.ts';

export const { getStaticPaths, GET } = staticEndpoint(
  'file',
  (catalog) => listHashes(catalog).map((hashes, file) => [String(file), hashes] as const),
  (hashes) => JSON.stringify(hashes),
);
