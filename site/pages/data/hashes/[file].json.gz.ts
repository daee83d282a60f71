import { compressedEndpoint } from '../../../lib/api/static-endpoint.ts';
import { listHashes } from '../../../lib/search/search-data.ts';

export const { getStaticPaths, GET } = compressedEndpoint(
  'file',
  (catalog) => listHashes(catalog).map((hashes, file) => [String(file), hashes] as const),
  (hashes) => JSON.stringify(hashes),
);
