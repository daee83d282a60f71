import type { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { chooseEnvironments, chooseManual, chooseScheduled } from './choose.ts';
import type { Choice } from './choose.ts';
import { parseCount, parseRequestOptions } from './run-inputs.ts';
import type { RunInputs } from './run-inputs.ts';

/** Chooses what a run is to build, by the reason that it began for. */
export async function chooseFor(
  reason: string,
  inputs: RunInputs,
  settings: BuildCacheSettings,
): Promise<Choice> {
  const options = parseRequestOptions(inputs);
  const { target, catalog } = inputs;
  if (reason === 'manual') return chooseManual(inputs.specs, target, settings, options);
  if (reason === 'environment') {
    const names = inputs.environment.split(/[\s,]+/).filter((name) => name !== '');
    return chooseEnvironments(names, target, catalog, settings, options);
  }
  const draw = {
    seed: inputs.seed,
    count: parseCount(inputs.count, settings.schedulePackages),
    target,
    catalog,
    packagesVersion: inputs.packages || settings.packages,
    date: new Date(),
    environment: process.env,
  };
  return chooseScheduled(draw, settings, options);
}
