import type { Coverage, MissingSpec } from '../../schemas/api/coverage.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { coverLock, knownCache } from './coverage.ts';
import { environmentPath } from '../url.ts';
import type { SiteCatalog, CatalogEnvironment } from './site-catalog.ts';
import { viewName } from '../spack/view-name.ts';

/** An environment with how much of it has a binary. */
export interface EnvironmentState {
  environment: CatalogEnvironment;
  path: string;
  /** Absent: it was never concretized. */
  coverage?: Coverage;
  /** How many of the missing were tried and did not build. */
  failed: number;
  /** The mirror's view of it. Absent: there is none. */
  view?: string;
}

export function describeEnvironmentState(
  environment: CatalogEnvironment,
  catalog: SiteCatalog,
): EnvironmentState {
  const { name, lock } = environment;
  const view = viewName('env', name);
  const coverage = lock && coverLock(lock, knownCache(catalog));
  return {
    environment,
    path: environmentPath(name),
    ...(coverage ? { coverage } : {}),
    failed: coverage?.missing.filter(({ reason }) => reason === 'failed').length ?? 0,
    ...(catalog.plan.views.has(view) ? { view } : {}),
  };
}

/** Why a spec is missing, in words. */
export function explainMissing({ reason, instead = [], failure }: MissingSpec): string {
  switch (reason) {
    case 'failed':
      return `it was tried and failed: ${failure?.kind ?? 'unknown'}`;
    case 'other-build':
      return 'there is one with other variants or dependencies';
    case 'other-target':
      return `there is one for ${instead.join(', ')}`;
    case 'other-version':
      return `there are other versions: ${instead.join(', ')}`;
    case 'never':
      return 'it was never built here';
  }
}

/** The state of each root: its binary, or why there is none. */
export function describeRoots({ environment, coverage }: EnvironmentState): {
  spec: string;
  hash: DagHash;
  missing: MissingSpec | undefined;
}[] {
  const missing = new Map(coverage?.missing.map((entry) => [entry.hash, entry]));
  return (environment.lock?.roots ?? []).map(({ spec, hash }) => ({
    spec,
    hash,
    missing: missing.get(hash),
  }));
}
