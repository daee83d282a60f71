import { z } from 'zod';
import { BuildTimes } from './build.ts';
import { DagHash } from './digest.ts';
import { Failure } from './failure.ts';
import { Package } from './package.ts';
import { Text } from './values.ts';

/** Larger records are refused unread, in bytes. */
export const MAX_RECORD_BYTES = 16 * 2 ** 20;
/** The last lines of a log that a failure keeps. */
export const MAX_LOG_LINES = 100;
/** Longer log lines are cut, in characters. */
export const MAX_LOG_LINE_LENGTH = 2_000;

/** Bytes of a failure's log that the catalog keeps. */
export const MAX_LOG_BYTES = 16 * 2 ** 10;
/** Failures of one job that the catalog keeps. */
export const MAX_FAILURES = 200;

/** In characters. */
export const MAX_VIEW_PROBLEM = 1_000;
const MAX_HASHES = 20_000;

/** A failure as the build job knows it; publish adds when, where and for which target. */
export const RecordedFailure = z.strictObject({
  name: Failure.shape.name,
  /** In Spack's notation. */
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

/** `failures.json` next to the plans: requests that Spack could not solve, each with the target it was for. */
export const SolvedFailure = z.strictObject({ ...RecordedFailure.shape, target: Text.max(64) });
export type SolvedFailure = z.infer<typeof SolvedFailure>;
export const SolvedFailures = z.array(SolvedFailure).max(256);

/** What Spack knows of a package, within limits. */
export const RecordedPackage = z.strictObject({
  // What is deprecated is read where no build script runs.
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

/** Variables of a run environment, by name. */
const RunEnvironment = z.record(Text.max(200).regex(/^[A-Za-z_][A-Za-z0-9_]*$/), Text.max(100_000));

/**
 * `record.json` next to the build cache that a build job uploads: what cannot be read from the cache.
 * Other people's build scripts ran in that job: it says nothing that publish may believe without a check.
 */
export const BuildRecord = z.strictObject({
  /** What was tried and did not build; what was not reached in time has the kind `timeout`. */
  failures: z.array(RecordedFailure).max(2_000),
  /** What Spack knows of the planned packages. */
  packages: z.array(RecordedPackage).max(5_000),
  /** By DAG hash: the variables that a shell needs to run that build (`spack load --sh`). */
  environments: z.record(DagHash, RunEnvironment),
  /** The variables to use the view of an environment with, which is next to the record. Absent: there is none. */
  view: RunEnvironment.optional(),
  /** Why Spack could not make the view, though a container was asked for. */
  viewProblem: Text.max(MAX_VIEW_PROBLEM).optional(),
  /** In the artifact: built here, or taken from another mirror of the environment. */
  built: z.array(DagHash).max(MAX_HASHES),
  /** How long each of them took. Absent: not measured. */
  times: z.record(DagHash, BuildTimes).optional(),
  /** Taken from the build cache. */
  reused: z.array(DagHash).max(MAX_HASHES),
});
export type BuildRecord = z.infer<typeof BuildRecord>;
