import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { BuildRequests, MAX_JOBS, type BuildRequest } from '../../site/schemas/build-request.ts';
import { expectHandedOn } from '../github/actions.ts';

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
