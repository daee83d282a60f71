import { targetOf } from '../schemas/node.ts';
import { mirrorName } from './commands.ts';
import { describeKind, failurePath } from './failures.ts';
import type { Feed } from './feed.ts';
import { formatSize } from './format.ts';
import type { SiteCatalog } from './shape-catalog.ts';
import { segmentsText, specSegments } from './spec-text.ts';
import { buildPath, buildsFeedPath, externalUrl, failuresFeedPath, failuresPath } from './url.ts';

/** Entries in a feed; readers that come by rarely look at the site. */
const NEWEST = 50;

/** The newest builds. */
export function buildNews({ builds, nodes }: SiteCatalog): Feed {
  const name = mirrorName();
  return {
    title: `${name}: new builds`,
    address: externalUrl(buildsFeedPath),
    page: externalUrl('/'),
    author: name,
    entries: [...builds.values()].slice(0, NEWEST).map(({ build, node }) => ({
      title: `${build.name}@${build.version} for ${node.arch.platform_os}-${targetOf(node)}`,
      page: externalUrl(buildPath(build)),
      date: build.published,
      summary: `${segmentsText(specSegments(node, nodes))} (${formatSize(build.tarball.size)})`,
    })),
  };
}

/** The newest failures. */
export function failureNews({ failures }: SiteCatalog): Feed {
  const name = mirrorName();
  return {
    title: `${name}: failures`,
    address: externalUrl(failuresFeedPath),
    page: externalUrl(failuresPath),
    author: name,
    entries: failures.slice(0, NEWEST).map((failure) => ({
      title: `${failure.name}: ${describeKind(failure.kind)}`,
      page: externalUrl(failurePath(failure)),
      date: failure.date,
      summary: failure.spec || failure.name,
    })),
  };
}
