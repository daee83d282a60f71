import { staticEndpoint } from '../../../lib/api/static-endpoint.ts';
import { atomText, environmentNews } from '../../../lib/page/feed.ts';

export const { getStaticPaths, GET } = staticEndpoint(
  'name',
  ({ environments }) => environments.map((environment) => [environment.name, environment] as const),
  (environment, catalog) => atomText(environmentNews(environment, catalog)),
);
