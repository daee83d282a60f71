import { z } from 'zod';
import { parseNumber } from '../cli/command.ts';
import { tokensOf } from './split-specs.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { BuildRequests, MAX_JOBS, type BuildRequest } from '../../site/schemas/build-request.ts';
import { expectHandedOn } from '../github/actions.ts';

/** Inputs of a run as texts, from options or from a workflow. */
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
  since: string;
  catalog: string;
}

/**
 * Parses the options that apply to every request of a run. Throws when a boolean is neither true nor false.
 */
export function parseRequestOptions(
  inputs: Pick<RunInputs, 'fresh' | 'container' | 'flags'>,
): RequestOptions {
  return {
    fresh: parseBoolean('fresh', inputs.fresh),
    container: parseBoolean('container', inputs.container),
    flags: parseInstallFlags(inputs.flags),
  };
}

/** Parses a number of packages; empty: the default. */
export function parseCount(text: string, otherwise: number): number {
  return text === '' ? otherwise : parseNumber('count', text, { from: 1, to: 256 });
}

/** Parses the start time of the first run that this one continues; empty: this is the first. */
export function parseSince(text: string): string | undefined {
  if (text === '') return undefined;
  if (z.iso.datetime().safeParse(text).success) return text;
  throw new Error(
    `since: expected a time such as 2026-11-30T04:00:00Z, found "${text.slice(0, 40)}"; leave it empty: ` +
      'runs that continue another set it',
  );
}

function parseBoolean(name: string, text: string): boolean {
  if (['', 'false', 'no', '0'].includes(text)) return false;
  if (['true', 'yes', '1'].includes(text)) return true;
  throw new Error(`${name}: expected true or false, found "${text.slice(0, 40)}"`);
}

const COUNT = /^[1-9]\d{0,2}$/;
const BUILDCACHE = /^(?:(?:package:|dependencies:)?(?:auto|only|never),?)+$/;

/**
 * Options of `spack install` that a run may add, with a pattern for their values. The others would build
 * something else than was planned (`--fake`, `--until`, `--overwrite`), are for solving (`--fresh`,
 * `--deprecated`), or disable a check of downloads from a mirror (`--no-check-signature`).
 */
const ALLOWED: Record<string, RegExp | undefined> = {
  '--jobs': COUNT,
  '-j': COUNT,
  '--concurrent-packages': COUNT,
  '-p': COUNT,
  '--test': /^(?:root|all)$/,
  '--use-buildcache': BUILDCACHE,
  '--fail-fast': undefined,
  '--include-build-deps': undefined,
  '--keep-stage': undefined,
  '--no-cache': undefined,
  '--no-checksum': undefined,
  '-n': undefined,
  '--show-log-on-error': undefined,
  '--source': undefined,
  '--verbose': undefined,
  '-v': undefined,
};

/**
 * Splits options for `spack install` like a shell: at spaces, except in quotes. Throws when an option is not
 * allowed, and for anything else.
 */
export function parseInstallFlags(text: string): string[] {
  const words = tokensOf(text.replaceAll(/\s+/g, ' '), 'install flags').map(({ token }) => token);
  const flags: string[] = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    // `--jobs=4` and `-j4` are single words.
    const [, name = word, joined] = /^(--[a-z-]+)=(.*)$/.exec(word) ?? /^(-[a-z])(.+)$/.exec(word) ?? [];
    if (!Object.hasOwn(ALLOWED, name)) throw refusal(word);
    const expected = ownValue(ALLOWED, name);
    const value = joined ?? (expected ? words.shift() : undefined);
    if (expected ? !expected.test(value ?? '') : value !== undefined) throw refusal([name, value].join(' '));
    flags.push(name, ...(value === undefined ? [] : [value]));
  }
  return flags;
}

function refusal(found: string): Error {
  return new Error(
    `install flags: expected some of ${Object.keys(ALLOWED).join(', ')}, found "${found.slice(0, 100)}"; ` +
      'specs, fresh and versions have their own inputs',
  );
}

/** Options that apply to every request of a run. */
export interface RequestOptions {
  release?: string;
  fresh: boolean;
  container: boolean;
  flags: string[];
  /** For environments: specs that failed since this time are not tried again. */
  since?: string;
}

/** Subject of a request, and its differences from the run's options. */
export type Wish = Pick<BuildRequest, 'specs' | 'target' | 'environment' | 'byHand'> &
  Partial<RequestOptions>;

/**
 * Turns wishes into requests, one job each. Throws when there are more than fit into one matrix of GitHub
 * Actions.
 */
export function composeRequests(wishes: readonly Wish[], options: RequestOptions): BuildRequest[] {
  if (wishes.length > MAX_JOBS) {
    throw new Error(
      `expected at most ${MAX_JOBS} builds, GitHub's limit for one matrix, found ${wishes.length}; split them over several runs`,
    );
  }
  return expectHandedOn(BuildRequests.parse(wishes.map((wish, index) => ({ index, ...options, ...wish }))));
}

/** The targets that requests name, in the settings' order: each needs a concretize job. */
export function targetsOf(requests: readonly BuildRequest[], targets: readonly Target[]): Target[] {
  const named = new Set(requests.map(({ target }) => target));
  return targets.filter(({ name }) => named.has(name));
}
