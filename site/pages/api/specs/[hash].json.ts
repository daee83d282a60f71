import { specDocument } from '../../../lib/api/specs.ts';
import { staticEndpoint } from '../../../lib/api/static-endpoint.ts';

export const { getStaticPaths, GET } = staticEndpoint(
  'hash',
  ({ builds }) => builds,
  (entry, catalog) => JSON.stringify(specDocument(entry, catalog)),
);
