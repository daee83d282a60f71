import { textEndpoint } from '../../lib/api/static-endpoint.ts';

export const { getStaticPaths, GET } = textEndpoint('fingerprint', ({ keys }) =>
  keys.map(({ fingerprint, armored }) => [fingerprint, armored]),
);
