import pMap from 'p-map';

/** Number of requests at a time. */
const REQUESTS = 16;

/** Lists all addresses of a site in JSON texts, without templates and incomplete ones. */
export function linksIn(texts: Iterable<string>, site: string): Set<string> {
  const links = new Set<string>();
  for (const text of texts) {
    JSON.parse(text, (key, value: unknown) => {
      const isLink =
        key !== 'url_prefix' &&
        typeof value === 'string' &&
        value.startsWith(`${site}/`) &&
        !value.includes('{');
      if (isLink) links.add(value);
      return value;
    });
  }
  return links;
}

/** Lists the addresses that fail, with their status. */
export async function findDeadAddresses(links: Iterable<string>): Promise<string[]> {
  const answers = await pMap(
    links,
    async (link) => {
      const { status } = await fetch(link, { method: 'HEAD' });
      return status === 200 ? [] : [`${link}: ${status}`];
    },
    { concurrency: REQUESTS },
  );
  return answers.flat();
}
