import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { catalogPath, FROM_GIT } from '../../site/lib/catalog/catalog-files.ts';
import {
  microarchitectureOf,
  type BuildCacheSettings,
  type Target,
} from '../../site/schemas/build-cache-settings.ts';
import { LockFile, type SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { targetOf } from '../../site/schemas/node.ts';
import { readCatalogFile } from '../catalog/catalog.ts';
import { readSolvedEnvironment, rootsFor } from '../concretize/environment-locks.ts';
import { formatNumber, DAY_MS, isCommit } from '../../site/lib/format.ts';
import { listMissing } from '../concretize/plan.ts';
import { listEnvironments } from './environments.ts';
import type { Wish } from './requests.ts';
import { hasFailed, type FailureWindow } from './skip-reasons.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { Origin } from '../../site/schemas/build.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { listNames, readJson } from '../cli/files.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { readOldTrees, readRecipeTrees, type RecipeTrees } from '../refresh/recipe-trees.ts';
import { packagesUrl } from '../spack/install-spack.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

const MONTH_DAYS = 30;
/**
 * Maximum number of environments per run, since solving one takes minutes. The others follow on the next day.
 */
const MOST_RENEWALS = 40;

/**
 * The environments that a scheduled run solves again for the target of `lately` because their lock is from
 * other recipes than the settings', and those whose newer lock still waits for builds. Environments that were
 * never built for the target are excluded: their own workflow builds them. Those solved the longest ago come
 * first.
 */
export function chooseRenewals(
  release: string,
  lately: FailureWindow,
  environments: BuildCacheSettings['environments'],
): { wishes: Wish[]; reasons: string[] } {
  const renewals = listEnvironments(lately.catalog)
    .flatMap((name) => judge(name, release, lately, ownValue(environments, name)?.refresh) ?? [])
    .sort((left, right) => left.solved - right.solved)
    .slice(0, MOST_RENEWALS);
  const wishes = renewals.map(({ name, fresh }) => ({
    specs: [],
    target: lately.target.name,
    environment: name,
    fresh,
  }));
  const renewed = renewals.filter(({ fresh }) => fresh).map(({ name }) => name);
  const continued = renewals.filter(({ fresh }) => !fresh).map(({ name }) => name);
  return {
    wishes,
    reasons: [
      ...describe(`solved again with the recipes ${release}`, renewed),
      ...describe('continued, solved by an earlier run', continued),
    ],
  };
}

function describe(what: string, names: string[]): string[] {
  return names.length === 0
    ? []
    : [`${formatNumber(names.length, 'environment')} ${what}: ${names.join(', ')}.`];
}

interface Renewal {
  name: string;
  /** Whether to solve it again; otherwise the builds of its newer lock are continued. */
  fresh: boolean;
  /** Time of the last solve, in milliseconds; 0: unknown. */
  solved: number;
}

function judge(
  name: string,
  release: string,
  lately: FailureWindow,
  refresh = 'monthly',
): Renewal | undefined {
  const { catalog, target, date } = lately;
  if (refresh === 'never' || hasFailed(name, lately)) return undefined;
  const lock = readCatalogFile(catalog, catalogPath('locks', name), LockFile);
  if (!lock) return undefined;
  const { targets, next, roots, nextRoots } = readSolvedEnvironment(catalog, name);
  const last = ownValue(targets, target.name);
  if (last === undefined && rootsOf(lock, roots, target).length === 0) return undefined;
  const solved = last === undefined ? 0 : Date.parse(last.date);
  const isOld = refresh === 'always' || date.getTime() - solved >= MONTH_DAYS * DAY_MS;
  if (last?.release !== release && isOld) return { name, fresh: true, solved };
  const waiting = next && LockFile.parse(next);
  if (!waiting || !canGoOn({ ...waiting, roots: rootsOf(waiting, nextRoots, target) }, lately))
    return undefined;
  return { name, fresh: false, solved };
}

/** Whether a lock has missing builds none of which failed recently, so that they only need a run. */
function canGoOn(lock: LockFile, lately: FailureWindow): boolean {
  const { concrete_specs: nodes } = lock;
  const hashes = listMissing(lock, lately.catalog);
  return (
    hashes.length > 0 && !hashes.some((hash) => nodes[hash] && hasFailed(nodes[hash].name, lately, hash))
  );
}

function rootsOf(
  { roots, concrete_specs: nodes }: LockFile,
  recorded: SolvedEnvironment['roots'],
  target: Target,
): LockFile['roots'] {
  return rootsFor(
    roots,
    target.name,
    recorded,
    (hash) => nodes[hash] !== undefined && targetOf(nodes[hash]) === microarchitectureOf(target),
  );
}

/** The fields that a choice needs: it reads thousands of these files. */
const BuiltWith = z.object({
  published: z.string(),
  origin: Origin.pick({ target: true, packages: true }),
});

/**
 * The packages of a target whose newest build is from another recipe than that of a release, compared by
 * git's ids of their folders, without Spack. Packages whose build does not record the commit of its recipes
 * are left out.
 * @param environment `SPACK_PACKAGES_GIT_URL` names another repository
 */
export async function findStaleNames(
  catalog: string,
  target: Target,
  packagesVersion: string,
  environment: ProcessEnvironment,
): Promise<string[]> {
  const commits = readCommits(catalog, target);
  if (commits.size === 0) return [];
  const url = packagesUrl(environment);
  return withTemporaryFolder(async (folder) => {
    const newTrees = await readRecipeTrees(url, packagesVersion, folder);
    const oldTrees = new Map<string, RecipeTrees | undefined>();
    for (const commit of new Set(commits.values()))
      oldTrees.set(commit, await readOldTrees(url, commit, folder));
    return [...commits].flatMap(([name, commit]) => {
      const id = newTrees.packages.get(name);
      // A package without a recipe cannot be built.
      return id === undefined || id === oldTrees.get(commit)?.packages.get(name) ? [] : [name];
    });
  });
}

/**
 * The commit of the recipes with which each package's newest build for a target was solved, keyed by package.
 */
function readCommits(catalog: string, target: Target): Map<string, string> {
  const folder = join(catalog, 'builds');
  const commits = new Map<string, string>();
  for (const name of listNames(folder).sort()) {
    const builds = readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.json'))
      .map((file) => readJson(join(folder, name, file), BuiltWith, FROM_GIT))
      .filter(({ origin }) => origin.target === target.name)
      .sort((a, b) => compareTexts(a.published, b.published));
    const commit = builds.at(-1)?.origin.packages;
    if (commit !== undefined && isCommit(commit)) commits.set(name, commit);
  }
  return commits;
}
