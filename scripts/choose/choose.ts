import { hash } from 'node:crypto';
import { formatList, formatNumber, DAY_MS } from '../../site/lib/format.ts';
import type { BuildCacheSettings, Target } from '../../site/schemas/build-cache-settings.ts';
import { MAX_JOBS, type BuildRequest } from '../../site/schemas/build-request.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { findTarget } from '../cli/owner-settings.ts';
import { adaptStored } from '../concretize/adapt-environment.ts';
import { findLeftBehind, findMisplaced, listEnvironments } from './environments.ts';
import { hasFailed, isCached, renewalSpec, type FailureWindow } from './skip-reasons.ts';
import { chooseRenewals } from './renewals.ts';
import { readPackageList } from '../refresh/recipe-trees.ts';
import { packagesUrl } from '../spack/install-spack.ts';
import { findStalePackages, type StalePackages } from './stale-packages.ts';
import {
  type RequestOptions,
  type RunInputs,
  type Wish,
  composeRequests,
  parseCount,
  parseRequestOptions,
  parseSince,
} from './run-inputs.ts';
import { splitSpecs } from './split-specs.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** Requests, and sentences that explain the choice. */
export interface Choice {
  requests: BuildRequest[];
  reasons: string[];
}

/** Chooses the specs that a person typed, one request each. */
export function chooseManual(
  text: string,
  target: string,
  settings: BuildCacheSettings,
  options: RequestOptions,
): Choice {
  const { name } = findTarget(settings, target);
  const specs = splitSpecs(text);
  if (specs.length === 0)
    throw new Error('specs: expected at least one, such as "zlib" or "hdf5 +mpi", found none');
  return {
    requests: composeRequests(
      specs.map((spec) => ({ specs: [spec], target: name, byHand: true as const })),
      options,
    ),
    reasons: [`${formatNumber(specs.length, 'spec')} named by hand, for ${name}.`],
  };
}

/** Chooses environments: one request per environment and target. No name means all, no target all targets. */
export function chooseEnvironments(
  names: string[],
  target: string,
  catalog: string,
  settings: BuildCacheSettings,
  options: RequestOptions,
): Choice {
  const targets = target === '' ? settings.targets : [findTarget(settings, target)];
  const chosen = names.length === 0 ? listEnvironments(catalog) : [...new Set(names)];
  // Solving reports them, too, but a quarter of an hour later.
  const refusals = chosen.flatMap((name) =>
    adaptStored(catalog, name).refusals.map((refusal) => `Environment ${name} cannot be solved: ${refusal}.`),
  );
  const wishes = chosen.flatMap((environment) =>
    targets.map(({ name }) => ({ specs: [], target: name, environment })),
  );
  const reason =
    chosen.length === 0
      ? `There is no environment in ${catalog}/environments: add a spack.yaml there as <name>.yaml.`
      : `${formatNumber(chosen.length, 'environment')} (${chosen.join(', ')}) for ${targets.map(({ name }) => name).join(', ')}.`;
  return {
    requests: composeRequests(wishes, options),
    reasons: [
      reason,
      ...refusals,
      ...(names.length === 0 ? [...findMisplaced(catalog), ...findLeftBehind(catalog)] : []),
    ],
  };
}

/** Inputs of a random choice, besides the settings. */
export interface DrawOptions {
  /** Id of the run: the same seed draws the same packages. */
  seed: string;
  count: number;
  /** Name of a target; empty: the target of the day, and environments of all targets. */
  target: string;
  catalog: string;
  packagesVersion: string;
  date: Date;
  environment: ProcessEnvironment;
}

/**
 * Chooses environments to renew, and random packages of Spack's list that are not excluded, cached or failed
 * recently.
 */
export async function chooseScheduled(
  draw: DrawOptions,
  settings: BuildCacheSettings,
  options: RequestOptions,
): Promise<Choice> {
  const target: Target =
    (draw.target === '' ? targetOfTheDay(settings.targets, draw.date) : undefined) ??
    findTarget(settings, draw.target);
  const list = await readPackageList(packagesUrl(draw.environment), draw.packagesVersion);
  const { catalog, date } = draw;
  const window = { catalog, target, days: settings.retryAfterDays, date };
  const excluded = new Set(settings.exclude);
  const renewed = settings.refresh
    ? chooseRenewals(
        draw.packagesVersion,
        (draw.target === '' ? settings.targets : [target]).map((one) => ({ ...window, target: one })),
        settings.environments,
      )
    : { wishes: [], reasons: [] };
  const count = Math.min(draw.count, MAX_JOBS - renewed.wishes.length);
  const stale = settings.refresh
    ? await chooseStale({ ...draw, count }, window, settings.exclude)
    : { wishes: [], reasons: [] };
  const sample = takeSample(drawOrder(list, draw.seed), count - stale.wishes.length, (name) => {
    if (excluded.has(name)) return 'excluded';
    if (isCached(catalog, name, target)) return 'cached';
    return hasFailed(name, window) ? 'failed' : undefined;
  });
  const { names, passedOver, exhausted } = sample;
  const reasons = [
    ...renewed.reasons,
    ...stale.reasons,
    `${formatNumber(names.length, 'package')} of ${list.length} drawn with seed ${draw.seed}, for ${target.name}.`,
    ...describe(passedOver.cached, `cached for ${target.name} already`),
    ...describe(passedOver.failed, `failed in the last ${settings.retryAfterDays} days`),
    ...describe(passedOver.excluded, 'excluded by the settings'),
  ];
  if (exhausted) {
    reasons.push(
      `The list is exhausted: of ${list.length} packages no more than ${names.length} ` +
        `${names.length === 1 ? 'is' : 'are'} neither cached, nor failed lately, nor excluded.`,
    );
  }
  const wishes = [
    ...renewed.wishes,
    ...stale.wishes,
    ...names.map((name) => ({ specs: [name], target: target.name })),
  ];
  return { requests: composeRequests(wishes, options), reasons };
}

/**
 * Chooses packages to renew before anything new is built: at most half of `count`, the most important ones if the order is
 * known. Each is solved again, and one with an unchanged result costs no build. If a repository does not answer, nothing is
 * renewed and the run continues.
 */
async function chooseStale(
  { catalog, count, seed, packagesVersion, environment }: DrawOptions,
  window: FailureWindow,
  exclude: readonly string[],
): Promise<{ wishes: Wish[]; reasons: string[] }> {
  let stale: StalePackages;
  try {
    stale = await findStalePackages(catalog, window.target, packagesVersion, environment);
  } catch (error) {
    return {
      wishes: [],
      reasons: [`Nothing is renewed: ${error instanceof Error ? error.message : String(error)}.`],
    };
  }
  const packages = stale.packages.filter(({ name }) => !exclude.includes(name));
  const wanted = packages.flatMap((older) => renewalSpec(older, window) ?? []);
  const specs = (stale.isOrdered ? wanted : drawOrder(wanted, seed)).slice(0, Math.ceil(count / 2));
  if (specs.length === 0) return { wishes: [], reasons: [] };
  const requested = new Set(packages.map(({ request }) => request));
  const wishes = specs.map((spec) => ({
    ...{ specs: [spec], target: window.target.name },
    // Otherwise Spack would reuse the very builds that are to be renewed.
    fresh: true,
    ...(requested.has(spec) ? { byHand: true as const } : {}),
  }));
  const reason = `${formatNumber(specs.length, 'package')} of ${wanted.length} to renew, which newer recipes would build differently: ${specs.join(', ')}.`;
  return { wishes, reasons: [reason] };
}

function describe(names: string[], reason: string): string[] {
  if (names.length === 0) return [];
  return [`Skipped, ${reason}: ${formatList(names, 50)}.`];
}

/** Chooses what to build, depending on the reason for the run. */
export async function chooseFor(
  reason: string,
  inputs: RunInputs,
  settings: BuildCacheSettings,
): Promise<Choice> {
  const { target, catalog } = inputs;
  const packagesVersion = inputs.packages || settings.packages;
  const options = { ...parseRequestOptions(inputs), release: packagesVersion };
  if (reason === 'manual') return chooseManual(inputs.specs, target, settings, options);
  if (reason === 'environment') {
    const names = inputs.environment.split(/[\s,]+/).filter((name) => name !== '');
    const since = parseSince(inputs.since);
    return chooseEnvironments(names, target, catalog, settings, { ...options, ...(since && { since }) });
  }
  const draw = {
    seed: inputs.seed,
    count: parseCount(inputs.count, settings.schedulePackages),
    target,
    catalog,
    packagesVersion,
    date: new Date(),
    environment: process.env,
  };
  return chooseScheduled(draw, settings, options);
}

/** Reason for skipping a package of the list. */
type SkipReason = 'excluded' | 'cached' | 'failed';

interface RandomSample {
  names: string[];
  /** Names skipped during the draw, by reason. */
  passedOver: Record<SkipReason, string[]>;
  /** Whether the whole list had too few names. */
  exhausted: boolean;
}

/**
 * Takes up to `count` names in the order of a draw, skipping those with an obstacle. It looks for obstacles
 * only as far as needed. The remaining names are drawn uniformly, since the order does not depend on
 * obstacles.
 */
export function takeSample(
  drawn: readonly string[],
  count: number,
  obstacleOf: (name: string) => SkipReason | undefined,
): RandomSample {
  const names: string[] = [];
  const passedOver: Record<SkipReason, string[]> = { excluded: [], cached: [], failed: [] };
  for (const name of drawn) {
    if (names.length === count) break;
    const obstacle = obstacleOf(name);
    if (obstacle) passedOver[obstacle].push(name);
    else names.push(name);
  }
  return { names, passedOver, exhausted: names.length < count };
}

/** The target of a day (UTC): one per day, in the order of the settings. */
export function targetOfTheDay<T>(targets: readonly T[], date: Date): T | undefined {
  return targets[Math.floor(date.getTime() / DAY_MS) % targets.length];
}

/**
 * Shuffles names by the seed alone: a name's place is decided by its hash together with the seed. The same
 * seed draws the same names from the same list, regardless of the list's order.
 */
export function drawOrder(names: readonly string[], seed: string): string[] {
  return names
    .map((name) => ({ name, place: hash('sha256', `${seed}\n${name}`) }))
    .sort((a, b) => compareTexts(a.place, b.place))
    .map(({ name }) => name);
}
