import { z } from 'zod';
import { BuildTimes } from './build.ts';
import { DagHash } from './digest.ts';
import { Failure } from './failure.ts';
import { Package } from './package.ts';
import { foreignList, foreignRecord, Text } from './values.ts';

/** Maximum size of a record, in bytes. Larger ones are rejected unread. */
export const MAX_RECORD_BYTES = 16 * 2 ** 20;
/** Number of lines that a failure keeps from the end of its log. */
export const MAX_LOG_LINES = 100;
/** Maximum length of a log line, in characters. Longer ones are cut. */
export const MAX_LOG_LINE_LENGTH = 2_000;

/** Bytes of a failure's log that the catalog keeps. */
export const MAX_LOG_BYTES = 16 * 2 ** 10;
/** Failures of one job that the catalog keeps. */
export const MAX_FAILURES = 200;

/** Maximum length of `viewProblem`, in characters. */
export const MAX_VIEW_PROBLEM = 1_000;
const MAX_HASHES = 20_000;
/** Maximum number of variables for one build; real ones have about ten. */
const MAX_VARIABLES = 1_000;

/** A failure as the build job records it; publish adds the date, the run and the target. */
export const RecordedFailure = z.strictObject({
  name: Failure.shape.name,
  /** The spec in Spack's notation. */
  spec: Text.max(4_000),
  /** Absent when it failed before it was concretized. */
  hash: Failure.shape.hash,
  kind: Failure.shape.kind,
  /** The phase of the recipe, in Spack's words. */
  phase: Text.max(100).optional(),
  line: Failure.shape.line,
  /** The last lines of the log. */
  log: z.array(Text.max(MAX_LOG_LINE_LENGTH)).max(MAX_LOG_LINES),
});
export type RecordedFailure = z.infer<typeof RecordedFailure>;

/** `failures.json` next to the plans: requests that Spack could not solve, each with its target. */
export const SolvedFailure = z.strictObject({ ...RecordedFailure.shape, target: Text.max(64) });
export type SolvedFailure = z.infer<typeof SolvedFailure>;
export const SolvedFailures = z.array(SolvedFailure).max(256);

/** Spack's metadata of a package, limited in size. */
export const RecordedPackage = z.strictObject({
  // Deprecations are read in a job that runs no build scripts.
  ...Package.omit({ deprecated: true }).shape,
  description: Text.max(10_000),
  homepage: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional(),
  licenses: z.array(Text.max(500)).max(50),
  maintainers: z.array(Text.max(100)).max(100),
  tags: z.array(Text.max(100)).max(100),
});
export type RecordedPackage = z.infer<typeof RecordedPackage>;

/** Variables of a run environment, keyed by name. */
const RunEnvironment = foreignRecord(
  Text.max(200).regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
  Text.max(100_000),
  MAX_VARIABLES,
);

/**
 * `record.json` next to the build cache that a build job uploads: facts that cannot be read from the cache
 * itself. Other people's build scripts ran in that job, so publish must check everything in it.
 */
export const BuildRecord = z.strictObject({
  /** Specs that failed to build; those that the job did not get to in time have the kind `timeout`. */
  failures: foreignList(RecordedFailure, 2_000),
  /** Metadata of the planned packages. */
  packages: foreignList(RecordedPackage, 5_000),
  /** Variables that a shell needs to run a build (`spack load --sh`), keyed by DAG hash. */
  environments: foreignRecord(DagHash, RunEnvironment, MAX_HASHES),
  /** Variables for using the environment's view, which is next to the record. Absent: there is no view. */
  view: RunEnvironment.optional(),
  /** Reason why Spack could not make the view, although a container was requested. */
  viewProblem: Text.max(MAX_VIEW_PROBLEM).optional(),
  /** Builds in the artifact: built here, or fetched from another mirror of the environment. */
  built: foreignList(DagHash, MAX_HASHES),
  /** Build times of `built`. Absent: not measured. */
  times: foreignRecord(DagHash, BuildTimes, MAX_HASHES).optional(),
  /** Builds that the job installed from the build cache. */
  reused: foreignList(DagHash, MAX_HASHES),
});
export type BuildRecord = z.infer<typeof BuildRecord>;
