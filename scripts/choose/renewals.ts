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

const MONTH_DAYS = 30;
/** The most environments of one run: solving one takes minutes. The others' turn is the next day. */
const MOST_RENEWALS = 40;

/**
 * The environments that a scheduled run solves again for the target of `lately`, since their lock is of other recipes than those of
 * the settings, and those whose newer lock waits for builds. An environment that was never built for the target is none
 * of them: its own workflow builds it. The one that was solved the longest ago comes first.
 */
export function chooseRenewals(
  release: string,
  lately: FailureWindow,
  environments: BuildCacheSettings['environments'],
): { wishes: Wish[]; reasons: string[] } {
  const found = listEnvironments(lately.catalog)
    .flatMap((name) => judge(name, release, lately, environments[name]?.refresh) ?? [])
    .sort((left, right) => left.solved - right.solved)
    .slice(0, MOST_RENEWALS);
  const wishes = found.map(({ name, fresh }) => ({
    specs: [],
    target: lately.target.name,
    environment: name,
    fresh,
  }));
  const renewed = found.filter(({ fresh }) => fresh).map(({ name }) => name);
  const continued = found.filter(({ fresh }) => !fresh).map(({ name }) => name);
  return {
    wishes,
    reasons: [
      ...describe(`solved again with the recipes ${release}`, renewed),
      ...describe('built on, solved again before', continued),
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
  /** Whether it is solved again; else its newer lock is built on. */
  fresh: boolean;
  /** When it was solved last, in milliseconds; 0: nobody knows. */
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
  const last = targets[target.name];
  if (last === undefined && rootsOf(lock, roots, target).length === 0) return undefined;
  const solved = last === undefined ? 0 : Date.parse(last.date);
  const isOld = refresh === 'always' || date.getTime() - solved >= MONTH_DAYS * DAY_MS;
  if (last?.release !== release && isOld) return { name, fresh: true, solved };
  const waiting = next && LockFile.parse(next);
  if (!waiting || !canGoOn({ ...waiting, roots: rootsOf(waiting, nextRoots, target) }, lately))
    return undefined;
  return { name, fresh: false, solved };
}

/** Whether something of a lock is missing, and none of that has failed lately: it waits only for its turn. */
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

/** What is looked at: thousands of these files are read for one choice. */
const BuiltWith = z.object({
  published: z.string(),
  origin: Origin.pick({ target: true, packages: true }),
});

/**
 * The packages of a target whose newest build comes from another recipe than the one that a release has: by git's ids
 * of their folders, so no Spack is needed. Those whose build does not say its recipes' commit are left out.
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
      // Without a recipe there is nothing to build.
      return id === undefined || id === oldTrees.get(commit)?.packages.get(name) ? [] : [name];
    });
  });
}

/** By package: the commit of the recipes that its newest build for a target was solved with. */
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
