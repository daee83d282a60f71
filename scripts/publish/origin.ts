import { isoSeconds } from '../../site/lib/format.ts';
import { Origin, Release } from '../../site/schemas/build.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';

/**
 * Reads a build's origin from the publisher's own environment, never from the artifact. On GitHub the run's
 * address and commit are GitHub's own variables; `SPACK_VERSION`, `SPACK_RELEASE`, `SPACK_PACKAGES_VERSION`,
 * `SPACK_PACKAGES_RELEASE`, `BUILD_RUNNER`, `BUILD_CONTAINER` and `BUILD_TARGET` are set by the workflow.
 * @param claimedSpack the version in the tarball, used only if the environment has none
 */
export function readOrigin(environment: ProcessEnvironment, claimedSpack?: string): Origin {
  const {
    GITHUB_SERVER_URL: server,
    GITHUB_REPOSITORY: repository,
    GITHUB_RUN_ID: run,
    GITHUB_SHA: commit,
    SPACK_VERSION: spack = claimedSpack,
    SPACK_RELEASE: spackRelease,
    SPACK_PACKAGES_VERSION: packages,
    // A commit or a branch is not a release.
    SPACK_PACKAGES_RELEASE: release = packages,
    BUILD_RUNNER: runner,
    BUILD_CONTAINER: container,
    BUILD_TARGET: target,
  } = environment;
  return Origin.parse({
    ...(server && repository && run ? { run: `${server}/${repository}/actions/runs/${run}` } : {}),
    ...(commit ? { commit } : {}),
    ...(spack ? { spack } : {}),
    ...(Release.safeParse(spackRelease).success ? { spackRelease } : {}),
    ...(packages ? { packages } : {}),
    ...(Release.safeParse(release).success ? { release } : {}),
    ...(runner ? { runner } : {}),
    ...(container ? { container } : {}),
    ...(target ? { target } : {}),
  });
}

/**
 * Returns the time for new entries, in whole seconds: now, or `SOURCE_DATE_EPOCH` (seconds since 1970), which
 * makes the output reproducible. Source: https://reproducible-builds.org/specs/source-date-epoch/
 */
export function readDate(environment: ProcessEnvironment, now: Date): string {
  const epoch = environment['SOURCE_DATE_EPOCH'];
  if (epoch !== undefined && !/^\d{1,11}$/.test(epoch)) {
    throw new Error(`environment variable SOURCE_DATE_EPOCH: expected seconds since 1970, found "${epoch}"`);
  }
  const date = epoch === undefined ? now : new Date(Number(epoch) * 1000);
  return isoSeconds(date);
}
