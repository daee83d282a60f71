import type { RemovedBuild } from '../schemas/search/removed-build.ts';
import type { PackageDocument } from '../schemas/api/package-document.ts';
import { formatDate, shortHash } from '../lib/format.ts';
import { listChildren, makeElement, makeLink, makeText, type Child } from './element.ts';
import { fetchData } from './fetch-data.ts';
import { BASE, buildPage, packagePage } from './site.ts';
import { fetchPackage } from './spec-files.ts';

type Arch = NonNullable<RemovedBuild['arch']>;

/** Explains on the 404 page what happened to an address, and links to its replacement. */
export function offerWayOn(): void {
  const place = document.querySelector<HTMLElement>('#lost');
  const [kind, name, hash = ''] = decodeURIComponent(location.pathname.slice(BASE.length))
    .toLowerCase()
    .split('/')
    .filter(Boolean);
  if (!place || name === undefined || (kind !== 'builds' && kind !== 'packages')) return;
  void findWay(name, hash).then((way) => place.replaceChildren(...listChildren(way)));
}

async function findWay(name: string, hash: string): Promise<Child[]> {
  const entry = await fetchPackage(name).catch(() => undefined);
  const builds = hash ? (entry?.builds.filter((build) => build.hash.startsWith(hash)) ?? []) : [];
  if (builds.length > 0) {
    const items = builds.map((build) => makeElement('li', '', linkTo(name, build)));
    return [makeElement('p', '', 'Did you mean:'), makeElement('ul', '', items)];
  }
  const gone = hash ? await findRemoved(name, hash) : undefined;
  const next = entry && nearestTo(gone, entry.builds);
  return [
    gone &&
      makeElement(
        'p',
        '',
        makeText(`${gone.name}@${gone.version} /${shortHash(gone.hash)}`, 'mono'),
        ` was removed on ${formatDate(gone.date)}: `,
        makeText(gone.reason),
        '.',
      ),
    next &&
      makeElement(
        'p',
        '',
        `The ${gone?.arch ? 'nearest' : 'newest'} build of this package: `,
        linkTo(name, next),
        '.',
      ),
    entry && makeElement('p', '', makeLink(packagePage(name), `All builds of ${name}`)),
  ];
}

/** The newest build for the target and system of a removed one, or else for its target, its platform, or any. */
function nearestTo<Found extends Arch>(
  gone: Pick<RemovedBuild, 'arch'> | undefined,
  newestFirst: readonly Found[],
): Found | undefined {
  const arch = gone?.arch;
  const like = (...keys: (keyof Arch)[]): Found | undefined =>
    newestFirst.find((build) => arch && keys.every((key) => build[key] === arch[key]));
  return like('platform', 'target', 'os') ?? like('platform', 'target') ?? like('platform') ?? newestFirst[0];
}

async function findRemoved(name: string, hash: string): Promise<RemovedBuild | undefined> {
  const removed = await fetchData<RemovedBuild[]>('/data/removed.json.gz').catch(() => []);
  return removed.find((build) => build.name === name && build.hash.startsWith(hash));
}

function linkTo(name: string, build: PackageDocument['builds'][number]): HTMLElement {
  return makeLink(
    buildPage({ name, hash: build.hash }),
    `${name}@${build.version} ${build.os} ${build.target} /${shortHash(build.hash)}`,
  );
}
