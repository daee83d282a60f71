import { parseNumber } from '../cli/command.ts';
import { parseInstallFlags } from './install-flags.ts';
import type { RequestOptions } from './requests.ts';

/** What a run is given, as text: by options or by a workflow's inputs. */
export interface RunInputs {
  specs: string;
  environment: string;
  target: string;
  count: string;
  seed: string;
  fresh: string;
  container: string;
  flags: string;
  spack: string;
  packages: string;
  catalog: string;
}

/** Reads what holds for every request of a run. Throws on what is neither yes nor no. */
export function parseRequestOptions(
  inputs: Pick<RunInputs, 'fresh' | 'container' | 'flags'>,
): RequestOptions {
  return {
    fresh: parseBoolean('fresh', inputs.fresh),
    container: parseBoolean('container', inputs.container),
    flags: parseInstallFlags(inputs.flags),
  };
}

/** A number of packages; empty: the one that is set. */
export function parseCount(text: string, otherwise: number): number {
  return text === '' ? otherwise : parseNumber('count', text, { from: 1, to: 256 });
}

function parseBoolean(name: string, text: string): boolean {
  if (['', 'false', 'no', '0'].includes(text)) return false;
  if (['true', 'yes', '1'].includes(text)) return true;
  throw new Error(`${name}: expected true or false, found "${text.slice(0, 40)}"`);
}
