import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import prettyBytes from 'pretty-bytes';
import { shortHash, isoSeconds, DAY_MS } from '../../site/lib/format.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Build } from '../../site/schemas/build.ts';
import { Container } from '../../site/schemas/container.ts';
import { Failure } from '../../site/schemas/failure.ts';
import type { Removed } from '../../site/schemas/removed.ts';
import { readCatalogFiles, addFiles, type NewFile } from '../catalog/catalog.ts';
import { buildFile, manifestFile, type Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { recordRemoval, removedPath } from '../catalog/removal.ts';
import { formatJson } from '../../site/lib/json.ts';
import type { ImageDeleter } from './delete-images.ts';
import type { PrunePlan } from './plan.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { git } from '../cli/git.ts';
import { readFiles } from '../commit/branch.ts';
import { openGitHub } from '../github/api.ts';
import type { FindRegistry } from '../oci/open-registry.ts';

const Dated = z.object({ date: Failure.shape.date });

/** Result of applying a plan. */
interface Applied {
  restored: number;
  /** Builds that are needed again, and whose images the registry has lost. */
  lost: Build[];
  removed: number;
  /** Images that the registry no longer has. */
  deleted: number;
  /** Reason why deletion in the registry stopped early. Absent when it did not. */
  stopped?: string | undefined;
  /** Builds that another run published while their images were being deleted. */
  missed: Build[];
}

interface ApplyOptions {
  catalog: Pick<Catalog, 'builds' | 'manifests'>;
  /** Records of builds that are or were removed. */
  removed: ReadonlyMap<DagHash, Removed>;
  now: Date;
  findRegistry: FindRegistry;
  deleteImages: ImageDeleter;
  findPublished: FindPublished;
}

/**
 * Applies a plan: restores builds, removes builds, then deletes images in the registry. The record of a
 * removed build is written before its files are deleted, and images are deleted before that is recorded, so
 * that a run that is stopped at any point loses nothing and the next one continues. Nodes (`specs/`) stay: a
 * run that began before this one may be about to publish a build that depends on them.
 */
export async function applyPlan(directory: string, plan: PrunePlan, options: ApplyOptions): Promise<Applied> {
  const lost: Build[] = [];
  for (const record of plan.restore) {
    const { grace } = record;
    if (!grace) continue;
    // No deployment could serve it.
    const { image } = grace.build;
    if (await options.findRegistry(grace.build).readText(image.digest)) restore(directory, record);
    else lost.push(grace.build);
  }
  removeBuilds(directory, plan.remove, options);
  const outcome = await deleteExpired(directory, plan.expire, options);
  return { restored: plan.restore.length - lost.length, lost, removed: plan.remove.length, ...outcome };
}

/** Records removed builds, then deletes their files and the containers that have no other builds. */
function removeBuilds(
  directory: string,
  remove: PrunePlan['remove'],
  { catalog, removed, now }: ApplyOptions,
): void {
  const date = isoSeconds(now);
  const records = remove.map(({ build, reason }): NewFile => {
    const grace = { build, manifest: catalog.manifests.get(build.hash) ?? '' };
    const record = { ...recordRemoval(build, { removed: date, reason }, removed.get(build.hash)), grace };
    return { path: removedPath(build), content: formatJson(record), replace: true };
  });
  addFiles(directory, records);
  const gone = new Set(remove.map(({ build }) => build.hash));
  for (const { build } of remove) {
    rmSync(join(directory, buildFile(build)), { force: true });
    rmSync(join(directory, manifestFile(build)), { force: true });
  }
  for (const [path, container] of readCatalogFiles(directory, 'containers', Container)) {
    if (isOrphan(container, gone)) rmSync(join(directory, path));
  }
}

/**
 * Deletes the images of builds whose grace period is over, and records that. A build that was published again
 * has its image back; only the grace in its record ends.
 */
async function deleteExpired(
  directory: string,
  expire: PrunePlan['expire'],
  { catalog, deleteImages, findPublished }: ApplyOptions,
): Promise<Pick<Applied, 'deleted' | 'stopped' | 'missed'>> {
  const expired = new Map(
    expire.flatMap(({ hash, grace }) =>
      grace && !catalog.builds.has(hash) ? [[grace.build.image.digest, grace.build] as const] : [],
    ),
  );
  // A run that publishes the build meanwhile either commits before this check, or checks after its commit
  // that the image exists.
  const { gone: deleted, stopped } = await deleteImages(
    [...expired.values()].map(({ image }) => image),
    async (digest) => {
      const build = expired.get(digest);
      return build !== undefined && (await findPublished([build])).size > 0;
    },
  );
  const lost = [...expired.values()].filter(({ image }) => deleted.has(image.digest));
  const published = await findPublished(lost);
  const over = expire.filter(
    ({ hash, grace }) => grace && (catalog.builds.has(hash) || deleted.has(grace.build.image.digest)),
  );
  addFiles(
    directory,
    over.map(({ name, version, hash, stays }) => ({
      path: removedPath({ hash }),
      content: formatJson({ name, version, hash, stays }),
      replace: true,
    })),
  );
  return { deleted: deleted.size, missed: lost.filter(({ hash }) => published.has(hash)), stopped };
}

/** Restores a removed build. Its last stay in the catalog continues, as if it had not been removed. */
function restore(directory: string, { grace, ...record }: Removed): void {
  if (!grace) return;
  addFiles(directory, [
    { path: manifestFile(grace.build), content: grace.manifest },
    { path: buildFile(grace.build), content: formatJson(grace.build) },
  ]);
  const stays = record.stays.slice(0, -1);
  const path = removedPath(record);
  if (stays.length === 0) rmSync(join(directory, path), { force: true });
  else addFiles(directory, [{ path, content: formatJson({ ...record, stays }), replace: true }]);
}

/** Whether all builds of a container are removed. An environment's container belongs to the environment. */
function isOrphan({ environment, roots }: Container, gone: ReadonlySet<DagHash>): boolean {
  return environment === undefined && roots.every((hash) => gone.has(hash));
}

/** Paths, relative to the catalog, of records of failures that the schedule no longer considers. */
export function findOldFailures(directory: string, retryAfterDays: number, now: Date): string[] {
  return [...readCatalogFiles(directory, 'failures', Dated)].flatMap(([path, { date }]) =>
    now.getTime() - Date.parse(date) >= retryAfterDays * DAY_MS ? [path] : [],
  );
}

/** Maximum number of builds that a list names; the rest are counted. */
const MOST_NAMED = 100;

/** Describes a plan in Markdown, for a job summary and for a terminal. */
export function pruneText(plan: PrunePlan): string {
  const { restore, remove, expire, kept, bytes, warnings } = plan;
  const lines = [
    `Removes ${remove.length} of ${remove.length + kept.size} builds: ` +
      `${prettyBytes(bytes.before)} of tarballs become ${prettyBytes(bytes.after)}.`,
    ...(restore.length > 0
      ? [`${restore.length} removed builds are restored: something needs them again.`]
      : []),
    ...(expire.length > 0
      ? [`${expire.length} builds that were removed earlier are deleted from the registry.`]
      : []),
    ...warnings.map((warning) => `Warning: ${warning}.`),
  ];
  const byReason = Map.groupBy(remove, ({ reason }) => reason);
  for (const [reason, members] of byReason) {
    lines.push('', `${members.length} ${reason}:`);
    for (const { build } of members.slice(0, MOST_NAMED)) {
      lines.push(
        `- ${build.name}@${build.version} /${shortHash(build.hash)}, ${prettyBytes(build.tarball.size)}`,
      );
    }
    if (members.length > MOST_NAMED) lines.push(`- and ${members.length - MOST_NAMED} more`);
  }
  return lines.join('\n');
}

/** Last line of the output, with the totals. */
export function appliedText({ restored, lost, removed, deleted, stopped, missed }: Applied): string {
  const done = `Removed ${removed} builds, restored ${restored}, deleted ${deleted} images from the registry.`;
  const namesOf = (builds: Build[]): string =>
    builds.map(({ name, version, hash }) => `${name}@${version}/${hash}`).join(', ');
  return [
    done,
    ...(lost.length === 0
      ? []
      : [`Not restored, since the registry has lost the images: ${namesOf(lost)}; publish them again.`]),
    ...(stopped === undefined ? [] : [`${stopped}.`]),
    ...(missed.length === 0
      ? []
      : [
          `Another run published ${namesOf(missed)} while the image was being deleted: \`node scripts/doctor.ts --fix\` pushes it again ` +
            'while the registry has its blobs; else re-run the job "Publish" of that run, or remove ' +
            'builds/NAME/NAME-VERSION-HASH.json from the branch, so that the next run builds it.',
        ]),
  ].join(' ');
}

/** Finds which builds are on the branch now: another run may have published a removed one again. */
type FindPublished = (builds: readonly Build[]) => Promise<ReadonlySet<DagHash>>;

/**
 * Reads the head of the branch that the workflow runs for, at each call. Outside a workflow the branch is
 * unknown, and nothing is found.
 * @param catalog the catalog's folder, in a git checkout
 */
export async function openBranch(catalog: string, environment: ProcessEnvironment): Promise<FindPublished> {
  const { GITHUB_TOKEN: token, GITHUB_REPOSITORY: repository, GITHUB_REF_NAME: branch } = environment;
  if (!token || !repository || !branch) return () => Promise.resolve(new Set());
  const github = openGitHub(environment);
  const prefix = await git(catalog, ['rev-parse', '--show-prefix']);
  return async (builds) => {
    const hashes = new Map(builds.map((build) => [`${prefix}${buildFile(build)}`, build.hash]));
    const files = await readFiles(github, `refs/heads/${branch}`, [...hashes.keys()]);
    return new Set([...files.keys()].flatMap((path) => hashes.get(path) ?? []));
  };
}
