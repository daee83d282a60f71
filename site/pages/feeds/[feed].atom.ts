import { staticEndpoint } from '../../lib/api/static-endpoint.ts';
import { advisoryNews, atomText, buildNews, failureNews } from '../../lib/page/feed.ts';

const FEEDS = { advisories: advisoryNews, builds: buildNews, failures: failureNews };

export const { getStaticPaths, GET } = staticEndpoint(
  'feed',
  () => Object.entries(FEEDS),
  (news, catalog) => atomText(news(catalog)),
);
