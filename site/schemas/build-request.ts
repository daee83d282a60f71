import { z } from 'zod';
import { DagHash, Sha256 } from './digest.ts';
import { Text } from './values.ts';

/** Maximum number of jobs in one matrix, set by GitHub. */
export const MAX_JOBS = 256;

/** Maximum number of waves in one run: the number of stages in the workflow. */
export const MAX_WAVES = 16;

/** A request for one build job, which `choose` makes and `concretize` solves. */
export const BuildRequest = z.strictObject({
  /** Position in the list, counted from 0. It names the request's folder, job and artifacts. */
  index: z
    .int()
    .min(0)
    .max(MAX_JOBS - 1),
  /** Abstract specs in Spack's notation. Empty with an environment, whose `spack.yaml` has them. */
  specs: z.array(Text.min(1).max(2_000)).max(1_000),
  /** Name of the target in the settings. */
  target: Text,
  /** `site/content/environments/<environment>.yaml` is built. */
  environment: Text.regex(
    /^[a-zA-Z0-9](?:[a-zA-Z0-9-]|_(?!_)){0,99}$/,
    'expected letters, digits, single _ and -',
  ).optional(),
  /** Release (or branch or commit) of the recipes to solve with. */
  release: Text.max(100).optional(),
  /** Whether a person typed the specs. */
  byHand: z.literal(true).optional(),
  /** Solve without reusing cached builds. */
  fresh: z.boolean(),
  /** Also publish runnable images with readable tags. */
  container: z.boolean(),
  /**
   * Start (UTC) of a series of runs that continue each other. Specs that failed since then are not tried
   * again. Absent: everything is tried.
   */
  since: z.iso.datetime().optional(),
  /** More arguments for `spack install`. */
  flags: z.array(Text.max(200)).max(50),
});
export type BuildRequest = z.infer<typeof BuildRequest>;

/** Whether an environment of this name can be built. Other names have no address on the site. */
export function isEnvironmentName(name: string): boolean {
  return BuildRequest.shape.environment.safeParse(name).success;
}

/** Output of `choose`. */
export const BuildRequests = z.array(BuildRequest).max(MAX_JOBS);

/** Lanes of a wave's jobs, with the number of waves after which a wave waits for them: none waits for the last one. */
export const LANES = { next: 1, long: 2, longer: 3, last: Infinity };

/** Lane of a job other than the next wave's. */
export const BuildLane = z.enum(['long', 'longer', 'last']);
export type BuildLane = z.infer<typeof BuildLane>;

/** One build job, as `concretize` passes it to the workflow. */
export const MatrixEntry = z.strictObject({
  /** Index of the request. */
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
  /** Wave, counted from 0. Absent: 0. A job may need builds from jobs of earlier waves. */
  wave: z
    .int()
    .min(0)
    .max(MAX_WAVES - 1)
    .optional(),
  /** Absent: the next wave waits for it. */
  lane: BuildLane.optional(),
});
export type MatrixEntry = z.infer<typeof MatrixEntry>;

/** A recipe repository: its git address and the commit used for solving. */
export const RecipeSource = z.strictObject({
  url: Text.max(1_000),
  commit: Text.max(100),
});
export type RecipeSource = z.infer<typeof RecipeSource>;

/** `inputs.json`: inputs of a build job besides its environment. */
export const BuildInputs = z.strictObject({
  request: BuildRequest,
  /** Spack's name of the microarchitecture. */
  microarchitecture: Text,
  /** Commit of Spack, or the version of the installed one. */
  spack: Text,
  /** Release (or branch or commit) of Spack that was wanted. Absent: not known. */
  spackRelease: Text.max(100).optional(),
  /** Commit of spack-packages, or `installed` when Spack's own configuration names the recipes. */
  packages: Text,
  /** More recipe repositories; the first one that has a package wins. */
  repositories: z.array(RecipeSource),
  /** Hashes of the lock that are left out because of earlier failures, as in `planRest`. Absent: none. */
  leftOut: z.array(DagHash).optional(),
  /** sha256 of `spack.yaml`, `spack.lock` and `plan.txt`, in hex. */
  files: z.record(Text, Sha256),
  /** Present when the job builds only a part of a request. Absent: it builds the whole request. */
  part: z
    .strictObject({
      /** Hashes of this job that were requested; it builds its others because these need them. */
      asked: z.array(DagHash),
      /** Hashes that come from jobs of earlier waves. */
      earlier: z.array(DagHash),
    })
    .optional(),
});
export type BuildInputs = z.infer<typeof BuildInputs>;

/** The `matrix` that `concretize` passes to the build jobs and to publish. */
export const Matrix = z.strictObject({ include: z.array(MatrixEntry).max(MAX_JOBS) });
export type Matrix = z.infer<typeof Matrix>;

/** `divided.json` next to the plans: requests that several jobs build, or that share a job. */
export const DividedRequests = z.strictObject({
  requests: z.array(MatrixEntry).max(MAX_JOBS),
  /** Hashes that no job of this run builds, for lack of waves, jobs or hours. */
  left: z.array(DagHash),
  /** Estimated build time of each planned hash, in seconds. */
  seconds: z.record(DagHash, z.number().nonnegative()),
});
export type DividedRequests = z.infer<typeof DividedRequests>;
