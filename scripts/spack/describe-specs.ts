import { z } from 'zod';
import { DagHash } from '../../site/schemas/digest.ts';
import { askScript, type Spack } from './run-spack.ts';

/** Output of `describe.py`. Its texts are untrusted, since recipes can change them. */
export const PackageDescription = z.object({
  name: z.string(),
  description: z.string(),
  homepage: z.string(),
  licenses: z.array(z.string()),
  maintainers: z.array(z.string()),
  tags: z.array(z.string()),
});
export type PackageDescription = z.infer<typeof PackageDescription>;

const Description = z.object({
  specs: z.array(
    z.object({
      name: z.string(),
      hash: DagHash,
      spec: z.string(),
      /** `missing`: not installed; `reused`: unpacked from a binary; `built`: built here. */
      state: z.enum(['missing', 'reused', 'built']),
      /** Run environment, only for planned specs and roots. */
      environment: z.record(z.string(), z.string()),
    }),
  ),
  packages: z.array(PackageDescription),
});
export type Description = z.infer<typeof Description>;
export type SpecDescription = Description['specs'][number];

/**
 * Asks Spack for the state of an environment's specs, and for details of the planned ones.
 * @param plan hashes of the planned specs, one per line
 */
export function askSpackForSpecs(spack: Spack, environment: string, plan: string): Promise<Description> {
  return askScript(spack, 'describe.py', plan, Description, ['-e', environment]);
}
