import { textEndpoint } from '../../../lib/api/static-endpoint.ts';
import { settingsTexts } from '../../../lib/api/views.ts';

const FOLDER = 'mirrors/';

export const { getStaticPaths, GET } = textEndpoint('name', (catalog) =>
  [...settingsTexts(catalog)]
    .filter(([path]) => path.startsWith(FOLDER))
    .map(([path, text]) => [path.slice(FOLDER.length), text]),
);
