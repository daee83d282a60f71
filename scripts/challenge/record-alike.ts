import { formatJson } from '../../site/lib/json.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import type { Origin } from '../../site/schemas/build.ts';
import { AlikeBuilds, type AlikeBuild } from '../../site/schemas/checks/alike-builds.ts';
import type { Reproduction } from '../../site/schemas/checks/reproduction.ts';
import { readBuild, readCatalogFile, addFiles } from '../catalog/catalog.ts';
import type { CacheComparison } from './compare.ts';

const PATH = 'checks/alike.json';

/** The builds that were reproduced earlier; empty when nothing was compared yet. */
export function readAlike(directory: string): AlikeBuild[] {
  return readCatalogFile(directory, PATH, AlikeBuilds)?.builds ?? [];
}

/** Writes the result of a comparison, for the pages and the API. */
export function recordReproduction(directory: string, reproduction: Reproduction): void {
  addFiles(directory, [{ path: 'checks/challenge.json', content: formatJson(reproduction), replace: true }]);
}

/**
 * Records in the catalog which of its builds were reproduced. A build counts only if its own tarball was one
 * of the two compared; a run counts once; a build that differs later is removed.
 * @returns the number of builds recorded now
 */
export function recordAlike(
  directory: string,
  { alike, unlike }: Pick<CacheComparison, 'alike' | 'unlike'>,
  { date, run }: { date: string } & Pick<Origin, 'run'>,
): number {
  const earlier = readAlike(directory);
  const noted = new Map(earlier.map((build) => [build.hash, build]));
  for (const hash of unlike) noted.delete(hash);
  for (const { name, version, hash, tarballs } of alike) {
    const tarball = readBuild(directory, { name, version, hash })?.tarball.digest;
    if (tarball === undefined || !tarballs.includes(tarball)) continue;
    const before = noted.get(hash);
    const isSame = before?.tarball === tarball;
    const by = !isSame ? 2 : run !== undefined && run === before.run ? before.by : before.by + 1;
    noted.set(hash, { name, version, hash, tarball, by: Math.min(by, 100), last: date, ...(run && { run }) });
  }
  const builds = [...noted.values()]
    .filter((build) => readBuild(directory, build)?.tarball.digest === build.tarball)
    .sort((a, b) => compareTexts(key(a), key(b)));
  if (builds.length > 0 || earlier.length > 0)
    addFiles(directory, [{ path: PATH, content: formatJson(AlikeBuilds.parse({ builds })), replace: true }]);
  return builds.length;
}

function key({ name, hash }: AlikeBuild): string {
  return `${name} ${hash}`;
}
