import { z } from 'zod';
import { askScript, type Spack } from './run-spack.ts';

/** A package that an environment uses from a folder of the system. */
export interface External {
  spec: string;
  prefix: string;
}

/**
 * `here`, `missing`, `unknown` if Spack cannot detect it, or the versions found instead; by `externalKey`.
 */
export type ExternalStates = ReadonlyMap<string, string>;

/** Key of an external. */
export function externalKey({ spec, prefix }: External): string {
  return `${prefix} ${spec}`;
}

/** Lets Spack look for externals on this machine, or in the image of this job. */
export async function askForExternals(spack: Spack, externals: readonly External[]): Promise<ExternalStates> {
  if (externals.length === 0) return new Map();
  const states = await askScript(spack, 'external_state.py', JSON.stringify(externals), z.array(z.string()));
  return new Map(externals.map((external, at) => [externalKey(external), states[at] ?? 'unknown']));
}
