import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { askSpack, type Spack } from './run-spack.ts';

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
  return withTemporaryFolder(async (folder) => {
    const [question, answer] = [join(folder, 'in.json'), join(folder, 'out.json')];
    writeFileSync(question, JSON.stringify(externals));
    await askSpack(spack, ['python', join(import.meta.dirname, 'external_state.py'), question, answer]);
    const states = z.array(z.string()).parse(JSON.parse(readFileSync(answer, 'utf8')));
    return new Map(externals.map((external, at) => [externalKey(external), states[at] ?? 'unknown']));
  });
}
