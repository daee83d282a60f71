import type { RemovedBuild } from '../schemas/search/removed-build.ts';
import type { PackageDocument } from '../schemas/api/package-document.ts';
import { formatDate, shortHash } from '../lib/format.ts';
import { makeElement, makeLink, makeText } from './element.ts';
import { fetchData } from './fetch-data.ts';
import { fetchPackage } from './spec-files.ts';

/** On the page of an address that is not there: says what became of it, or where it leads now. */
export function offerWayOn(): void {
  const place = document.querySelector<HTMLElement>('#lost');
  const base = document.querySelector<HTMLElement>('.site-header')?.dataset['base'] ?? '';
  const [kind, name, hash = ''] = decodeURIComponent(location.pathname.slice(base.length))
    .toLowerCase()
    .split('/')
    .filter(Boolean);
  if (!place || name === undefined || (kind !== 'builds' && kind !== 'packages')) return;
  void findWay(base, name, hash).then((way) => place.replaceChildren(...way));
}

async function findWay(base: string, name: string, hash: string): Promise<Node[]> {
  const known = await fetchPackage(base, name).catch(() => undefined);
  const builds = hash ? (known?.builds.filter((build) => build.hash.startsWith(hash)) ?? []) : [];
  if (builds.length > 0)
    return [
      makeElement('p', '', 'Did you mean:'),
      makeElement('ul', '', ...builds.map((build) => makeElement('li', '', linkTo(base, name, build)))),
    ];
  const gone = hash ? await findRemoved(base, name, hash) : undefined;
  const [newest] = known?.builds ?? [];
  return [
    ...(gone
      ? [
          makeElement(
            'p',
            '',
            makeText(`${gone.name}@${gone.version} /${shortHash(gone.hash)}`, 'mono'),
            ` was removed on ${formatDate(gone.date)}: `,
            makeText(gone.reason),
            '.',
          ),
        ]
      : []),
    ...(newest
      ? [makeElement('p', '', 'The newest build of this package: ', linkTo(base, name, newest), '.')]
      : []),
    ...(known
      ? [
          makeElement(
            'p',
            '',
            makeLink(`${base}/packages/${encodeURIComponent(name)}/`, `All builds of ${name}`),
          ),
        ]
      : []),
  ];
}

async function findRemoved(base: string, name: string, hash: string): Promise<RemovedBuild | undefined> {
  const removed = await fetchData<RemovedBuild[]>(`${base}/data/removed.json`).catch(() => []);
  return removed.find((build) => build.name === name && build.hash.startsWith(hash));
}

function linkTo(base: string, name: string, build: PackageDocument['builds'][number]): HTMLElement {
  return makeLink(
    `${base}/builds/${encodeURIComponent(name)}/${build.hash}/`,
    `${name}@${build.version} ${build.os} ${build.target} /${shortHash(build.hash)}`,
  );
}
