import { gzipSync } from 'node:zlib';
import { nodeListText } from '../../../lib/api/specs.ts';
import { staticEndpoint } from '../../../lib/api/static-endpoint.ts';

export const { getStaticPaths, GET } = staticEndpoint(
  'name',
  ({ packages }) => packages,
  (entry) => new Uint8Array(gzipSync(nodeListText(entry), { level: 9 })),
);
