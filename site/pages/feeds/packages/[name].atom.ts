import { staticEndpoint } from '../../../lib/api/static-endpoint.ts';
import { atomText, packageNews } from '../../../lib/page/feed.ts';

export const { getStaticPaths, GET } = staticEndpoint(
  'name',
  ({ packages }) => packages,
  (entry) => atomText(packageNews(entry)),
);
