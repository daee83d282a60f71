import type { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { chooseEnvironments, chooseManual, chooseScheduled } from './choose.ts';
import type { Choice } from './choose.ts';
import { parseCount, parseRequestOptions } from './user-specs.ts';
import type { Given } from './user-specs.ts';

/** Chooses what a run is to build, by the reason that it began for. */
export async function chooseFor(reason: string, given: Given, settings: BuildCacheSettings): Promise<Choice> {
  const options = parseRequestOptions(given);
  const { target, catalog } = given;
  if (reason === 'manual') return chooseManual(given.specs, target, settings, options);
  if (reason === 'environment') {
    const names = given.environment.split(/[\s,]+/).filter((name) => name !== '');
    return chooseEnvironments(names, target, catalog, settings, options);
  }
  const draw = {
    seed: given.seed,
    count: parseCount(given.count, settings.schedulePackages),
    target,
    catalog,
    packagesVersion: given.packages || settings.packages,
    date: new Date(),
    environment: process.env,
  };
  return chooseScheduled(draw, settings, options);
}
