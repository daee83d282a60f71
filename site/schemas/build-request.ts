import { z } from 'zod';
import { DagHash, Sha256 } from './digest.ts';
import { Text } from './values.ts';

/** The most jobs that one matrix of GitHub's may have. */
export const MAX_JOBS = 256;

/** The most waves of one run: as many as the workflow has stages. */
export const MAX_WAVES = 8;

/** One job's worth of building, as `choose` decides it and `concretize` solves it. */
export const BuildRequest = z.strictObject({
  /** Its place in the list, from 0: names its folder, its job and its artifacts. */
  index: z
    .int()
    .min(0)
    .max(MAX_JOBS - 1),
  /** Abstract specs in Spack's notation. Empty with an environment, whose `spack.yaml` has them. */
  specs: z.array(Text.min(1).max(2_000)).max(1_000),
  /** Name of a target in the settings. */
  target: Text,
  /** `site/content/environments/<environment>.yaml` is built. */
  environment: Text.regex(
    /^[a-zA-Z0-9](?:[a-zA-Z0-9-]|_(?!_)){0,99}$/,
    'expected letters, digits, single _ and -',
  ).optional(),
  /** The release (or branch or commit) of the recipes that is solved with. */
  release: Text.max(100).optional(),
  /** Solve without regard to what is cached. */
  fresh: z.boolean(),
  /** Publish runnable images with human tags too. */
  container: z.boolean(),
  /** What has failed since then is not tried again: runs that continue each other try it once. UTC; absent: all is tried. */
  since: z.iso.datetime().optional(),
  /** More arguments for `spack install`. */
  flags: z.array(Text.max(200)).max(50),
});
export type BuildRequest = z.infer<typeof BuildRequest>;

/** Whether an environment of this name is built: others have no address, as an owner's folder with a spack.yaml in it. */
export function isEnvironmentName(name: string): boolean {
  return BuildRequest.shape.environment.safeParse(name).success;
}

/** What `choose` prints. */
export const BuildRequests = z.array(BuildRequest).max(MAX_JOBS);

/** Which wave waits for a job: of a `long` one the wave after the next, of a `last` one none. */
export const BuildLane = z.enum(['long', 'last']);
export type BuildLane = z.infer<typeof BuildLane>;

/** One build job, as `concretize` hands it to the workflow. */
export const MatrixEntry = z.strictObject({
  /** Of the request. */
  index: BuildRequest.shape.index,
  /** Name of the target in the settings. */
  target: Text,
  /** GitHub's label of the runner. */
  runner: Text,
  /** Image that the job runs in; empty: on the runner itself. */
  container: Text,
  /** sha256 of `plan.txt`, in hex: build code can reach a run's artifacts, but no job's outputs. */
  plan: Sha256,
  /** sha256 of `spack.lock`, in hex. */
  lock: Sha256,
  /** sha256 of `inputs.json`, in hex: the request, and the exact commits of Spack and of the recipes. */
  inputs: Sha256,
  /** From 0; absent: 0. A job may need what jobs of earlier waves build. */
  wave: z
    .int()
    .min(0)
    .max(MAX_WAVES - 1)
    .optional(),
  /** Absent: the next wave waits for it. */
  lane: BuildLane.optional(),
});
export type MatrixEntry = z.infer<typeof MatrixEntry>;

/** A recipe repository: a git address and the commit that was solved with. */
export const RecipeSource = z.strictObject({
  url: Text.max(1_000),
  commit: Text.max(100),
});
export type RecipeSource = z.infer<typeof RecipeSource>;

/** `inputs.json`: what a build needs to know besides its environment. */
export const BuildInputs = z.strictObject({
  request: BuildRequest,
  /** The microarchitecture, in Spack's words. */
  microarchitecture: Text,
  /** Commit of Spack, or the version of the installed one. */
  spack: Text,
  /** Commit of spack-packages; `installed` where Spack's own configuration names the recipes. */
  packages: Text,
  /** More recipe repositories, first wins. */
  repositories: z.array(RecipeSource),
  /** Hashes of the lock that are not built, since they or what needs them failed in an earlier run. Absent: none. */
  leftOut: z.array(DagHash).optional(),
  /** sha256 of `spack.yaml`, `spack.lock` and `plan.txt`, in hex. */
  files: z.record(Text, Sha256),
  /** Present on a part of what was asked for. Absent: the job builds a whole request. */
  part: z
    .strictObject({
      /** Hashes of this job that somebody asked for; it builds the others since those need them. */
      asked: z.array(DagHash),
      /** Hashes that it takes from jobs of earlier waves. */
      earlier: z.array(DagHash),
    })
    .optional(),
});
export type BuildInputs = z.infer<typeof BuildInputs>;

/** The `matrix` that `concretize` gives to the build jobs and to publish. */
export const Matrix = z.strictObject({ include: z.array(MatrixEntry).max(MAX_JOBS) });
export type Matrix = z.infer<typeof Matrix>;

/** `divided.json` beside the plans: requests that several jobs build, or that share a job. */
export const DividedRequests = z.strictObject({
  requests: z.array(MatrixEntry).max(MAX_JOBS),
  /** Hashes that no job of this run builds: waves, jobs or hours ran out. */
  left: z.array(DagHash),
  /** How long each planned hash probably takes, in seconds. */
  seconds: z.record(DagHash, z.number().nonnegative()),
});
export type DividedRequests = z.infer<typeof DividedRequests>;
