import { compressedEndpoint } from '../../lib/api/static-endpoint.ts';
import { DATA_FILES } from '../../lib/search/search-data.ts';

export const { getStaticPaths, GET } = compressedEndpoint(
  'file',
  () => Object.entries(DATA_FILES),
  (describe, catalog) => JSON.stringify(describe(catalog)),
);
