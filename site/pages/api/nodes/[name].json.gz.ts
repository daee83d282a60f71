import { nodeListText } from '../../../lib/api/specs.ts';
import { compressedEndpoint } from '../../../lib/api/static-endpoint.ts';

export const { getStaticPaths, GET } = compressedEndpoint('name', ({ packages }) => packages, nodeListText);
