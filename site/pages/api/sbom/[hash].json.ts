import { textEndpoint } from '../../../lib/api/static-endpoint.ts';
import { servedSboms } from '../../../lib/sbom/served-sboms.ts';

export const { getStaticPaths, GET } = textEndpoint('hash', servedSboms);
