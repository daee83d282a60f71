import { textEndpoint } from '../../../lib/api/static-endpoint.ts';
import { apiTexts } from '../../../lib/api/texts.ts';

export const { getStaticPaths, GET } = textEndpoint('path', (catalog) => apiTexts(catalog).badges);
