import { textEndpoint } from '../../lib/api/static-endpoint.ts';
import { apiTexts } from '../../lib/api/texts.ts';

export const { getStaticPaths, GET } = textEndpoint('list', (catalog) => apiTexts(catalog).lists);
