import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FIXTURES } from './made-cache.ts';

/** One build of the sample cache, from Spack's own index. */
export interface FixtureBuild {
  hash: string;
  name: string;
  version: string;
  target: string;
}

const Index = z.object({
  database: z.object({
    installs: z.record(
      z.string(),
      z.object({
        in_buildcache: z.boolean(),
        spec: z.object({
          name: z.string(),
          version: z.string(),
          arch: z.object({ target: z.union([z.string(), z.object({ name: z.string() })]) }),
        }),
      }),
    ),
  }),
});
const Manifest = z.object({ data: z.array(z.object({ checksum: z.string() })) });

/** Expected output of a program of each package. */
export const PROGRAMS: Record<string, { command: string[]; prints: RegExp }> = {
  tree: { command: ['bin/tree', '--version'], prints: /tree v2\.1\.0/ },
  bzip2: { command: ['bin/bzip2', '--help'], prints: /Version 1\.0\.8/ },
  lz4: { command: ['bin/lz4', '--version'], prints: /1\.9\.4/ },
};

/** Reads every build of a fixture's cache from the index that Spack wrote. */
export function readFixtureBuilds(name: string): FixtureBuild[] {
  return Object.entries(readInstalls(name))
    .filter(([, { in_buildcache: hasBinary }]) => hasBinary)
    .map(([hash, { spec }]) => ({
      hash,
      name: spec.name,
      version: spec.version,
      target: typeof spec.arch.target === 'string' ? spec.arch.target : spec.arch.target.name,
    }));
}

/** Packages whose recipes Spack needs to install from that cache; all packages under `npm run test:full`. */
export function readFixturePackages(name: string): string[] | undefined {
  return process.env['FULL'] ? undefined : listFixturePackages(name);
}

/** Packages of all nodes of that cache: with only their recipes Spack starts in seconds. */
export function listFixturePackages(name: string): string[] {
  return [...new Set(Object.values(readInstalls(name)).map(({ spec }) => spec.name))];
}

function readInstalls(name: string): z.infer<typeof Index>['database']['installs'] {
  const cache = join(FIXTURES, name);
  const manifest = Manifest.parse(readJson(join(cache, 'v3/manifests/index/index.manifest.json')));
  const digest = manifest.data[0]?.checksum ?? '';
  return Index.parse(readJson(join(cache, 'blobs/sha256', digest.slice(0, 2), digest))).database.installs;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
