import { describePackage } from '../../../lib/api/specs.ts';
import { staticEndpoint } from '../../../lib/api/static-endpoint.ts';

export const { getStaticPaths, GET } = staticEndpoint(
  'name',
  ({ packages }) => packages,
  (entry, catalog) => JSON.stringify(describePackage(entry, catalog)),
);
