import { compareVersions } from '../../site/lib/spack/versions.ts';
import { formatList, formatNumber, isCommit } from '../../site/lib/format.ts';
import type { Origin } from '../../site/schemas/build.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { askRemote, type Patience } from './git-checkout.ts';
import { packagesUrl, spackUrl, type InstalledSpack, type WantedVersions } from './install-spack.ts';

/** Word in the settings for the newest release. */
const LATEST = 'latest';

/**
 * The requested versions, by default those of the settings, with `latest` replaced by the tag of the newest release. To be
 * called once per run: the result is passed on, so that all jobs of a run use the same release.
 * @param environment `SPACK_GIT_URL` and `SPACK_PACKAGES_GIT_URL` name other repositories
 */
export async function resolveVersions(
  { spack, packages }: Partial<WantedVersions>,
  settings: WantedVersions,
  environment: ProcessEnvironment,
): Promise<WantedVersions> {
  return {
    spack: await resolveVersion(spack || settings.spack, spackUrl(environment)),
    packages: await resolveVersion(packages || settings.packages, packagesUrl(environment)),
  };
}

/** A change of the settings: `packages` from one release to a newer one. */
export interface NewerRelease {
  setting: keyof WantedVersions;
  from: string;
  to: string;
}

/** Looks up the newest releases; returns the settings that name an older one. */
export async function findNewer(
  current: WantedVersions,
  environment: ProcessEnvironment,
  patience: Patience = {},
): Promise<NewerRelease[]> {
  const [spack, packages] = await Promise.all([
    readNewest(spackUrl(environment), patience),
    readNewest(packagesUrl(environment), patience),
  ]);
  return compareReleases(current, { spack, packages });
}

/**
 * Returns the settings that name a release older than the newest. `latest` needs no change, and a commit or
 * branch was chosen for a reason that cannot be compared.
 */
export function compareReleases(current: WantedVersions, newest: WantedVersions): NewerRelease[] {
  return (['spack', 'packages'] as const).flatMap((setting) => {
    const [from, to] = [current[setting], newest[setting]];
    const isRelease = /^v?\d+(\.\d+)+$/.test(from);
    const isNewer = isRelease && compareVersions(to.replace(/^v/, ''), from.replace(/^v/, '')) > 0;
    return isNewer ? [{ setting, from, to }] : [];
  });
}

/** Text such as `Spack v1.2.0, recipes v2026.06.0`. */
export function releasesText(newer: readonly NewerRelease[]): string {
  const names = { spack: 'Spack', packages: 'recipes' };
  return newer.map(({ setting, to }) => `${names[setting]} ${to}`).join(', ');
}

async function resolveVersion(version: string, url: string): Promise<string> {
  return version === LATEST ? readNewest(url) : version;
}

async function readNewest(url: string, patience: Patience = {}): Promise<string> {
  const newest = newestRelease(await listTags(url, patience));
  if (newest !== undefined) return newest;
  throw new Error(
    `${url}: expected a tag such as v1.2.0 for "${LATEST}", found none; name a tag or a commit`,
  );
}

/** Lists the tags of a git repository without fetching it. */
async function listTags(url: string, patience: Patience): Promise<string[]> {
  try {
    const stdout = await askRemote('.', ['ls-remote', '--tags', '--refs', '--', url], patience);
    return stdout.split('\n').flatMap((line) => /\trefs\/tags\/(\S+)$/.exec(line)?.[1] ?? []);
  } catch (cause) {
    throw new Error(`cannot list the tags of ${url}; run it again, or name a tag or a commit`, { cause });
  }
}

/** Finds the newest release tag: `v1.10.0` is newer than `v1.9.1`; previews and other names do not count. */
export function newestRelease(tags: readonly string[]): string | undefined {
  return tags
    .filter((tag) => /^v\d+(\.\d+)+$/.test(tag))
    .sort((a, b) => compareVersions(a.slice(1), b.slice(1)))
    .at(-1);
}

/** The part of a build that has its Spack and its recipes. */
interface MadeWith {
  origin: Pick<Origin, 'spack' | 'spackRelease' | 'packages' | 'release'>;
}

/**
 * Returns a sentence for each release whose tag was moved: it points to another commit than when builds were
 * made with it. Builds record both.
 */
export function findMovedTags(
  builds: Iterable<MadeWith>,
  wanted: WantedVersions,
  installed: Pick<InstalledSpack, 'version' | 'packages'>,
): string[] {
  const origins = [...builds].map(({ origin }) => origin);
  const made = {
    spack: origins.map(({ spack, spackRelease }) => ({ tag: spackRelease, commit: spack })),
    packages: origins.map(({ packages, release }) => ({ tag: release, commit: packages })),
  };
  return [
    ...findMovedTag('spack', wanted.spack, installed.version, made.spack),
    ...findMovedTag('packages', wanted.packages, installed.packages, made.packages),
  ];
}

const MOVED = {
  spack: { of: "Spack's", means: 'Builds record their commit, and those that are there stay' },
  packages: {
    of: "the recipes'",
    means:
      'Builds record their commit; packages whose recipe differs are renewed, environments when they are built with "fresh"',
  },
};

function findMovedTag(
  setting: keyof WantedVersions,
  release: string,
  now: string,
  made: readonly { tag: string | undefined; commit: string | undefined }[],
): string[] {
  if (!isCommit(now)) return [];
  const others = made.flatMap(({ tag, commit = '' }) =>
    tag === release && isCommit(commit) && commit !== now ? [commit] : [],
  );
  if (others.length === 0) return [];
  const { of, means } = MOVED[setting];
  return [
    `${of} tag ${release} names the commit ${now} now, and named ${formatList([...new Set(others)], 3)} when ` +
      `${formatNumber(others.length, 'build')} of this cache were made: it was moved. ${means}. To stay, set ${setting} to the commit`,
  ];
}
