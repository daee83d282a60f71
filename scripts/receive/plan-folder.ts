import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../site/lib/json.ts';
import { splitObject } from '../../site/lib/spack/node-text.ts';
import { SolvedFailures, type SolvedFailure } from '../../site/schemas/build-record.ts';
import { BuildInputs, DividedRequests, Matrix, type MatrixEntry } from '../../site/schemas/build-request.ts';
import { hexOf, type DagHash } from '../../site/schemas/digest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import type { Node } from '../../site/schemas/node.ts';
import { digestOf } from '../cli/digest.ts';
import { SBANG_FILE, parseAllowedHashes } from '../concretize/plan-files.ts';

/** Folder, among the plans, of requests that are divided over several jobs. */
export const REQUESTS_FOLDER = 'requests';

/** Plan of one build job. */
export interface Plan {
  /** Hashes that the job may produce. */
  hashes: ReadonlySet<DagHash>;
  inputs: BuildInputs;
  /** Every node of the lock, keyed by hash. */
  nodes: ReadonlyMap<DagHash, Node>;
  /** Compact text of each node of the lock. */
  texts: ReadonlyMap<DagHash, string>;
  /** Requested specs in the order of the lock; for a part only those that it builds. */
  roots: readonly { hash: DagHash; spec: string }[];
  /** Text of `spack.lock`, verbatim. */
  lockText: string;
  /** Spack's own script for long shebangs. Absent when no container is requested. */
  sbang?: string;
}

/** Parses the jobs of a run, as the option `--matrix` of several commands has them. */
export function parseMatrix(text: string): MatrixEntry[] {
  const source = {
    where: '--matrix',
    expected: "a run's jobs as JSON",
    advice: 'give it the output `matrix` of gather',
  };
  return parseJson(text, Matrix, source).include;
}

/**
 * Reads the plan that concretize made for one job. It is an artifact, and build code can write to a run's
 * artifacts: each file must match its digest in the matrix, which was passed as a job output.
 */
export function readPlanFolder(plansDirectory: string, entry: MatrixEntry): Plan {
  const folder = join(plansDirectory, String(entry.index));
  const lockText = readChecked(join(folder, 'spack.lock'), entry.lock);
  const lock = LockFile.parse(JSON.parse(lockText));
  const inputs = BuildInputs.parse(JSON.parse(readChecked(join(folder, 'inputs.json'), entry.inputs)));
  const file = join(folder, 'plan.txt');
  const requested = inputs.part && new Set(inputs.part.asked);
  const sbang = inputs.files[SBANG_FILE];
  return {
    hashes: parseAllowedHashes(readChecked(file, entry.plan), file),
    inputs,
    nodes: new Map(Object.entries(lock.concrete_specs)),
    texts: splitObject(splitObject(lockText).get('concrete_specs') ?? '{}'),
    roots: requested ? lock.roots.filter(({ hash }) => requested.has(hash)) : lock.roots,
    lockText,
    ...(sbang === undefined ? {} : { sbang: readChecked(join(folder, SBANG_FILE), sbang) }),
  };
}

/** Reads the requests without a solution, and checks their digest in the same way. */
export function readSolvedFailures(plansDirectory: string, sha256: string): SolvedFailure[] {
  return SolvedFailures.parse(JSON.parse(readChecked(join(plansDirectory, 'failures.json'), sha256)));
}

/** Reads the requests that are divided over several jobs, and checks their digest in the same way. */
export function readDivided(plansDirectory: string, sha256: string): DividedRequests {
  return DividedRequests.parse(
    JSON.parse(readChecked(join(plansDirectory, 'divided.json'), sha256, 'gather')),
  );
}

/** Reads a file that builds must not change and checks its digest. `writer` names its author in errors. */
export function readChecked(file: string, sha256: string, writer = 'concretize'): string {
  const bytes = readFileSync(file);
  const actual = hexOf(digestOf(bytes));
  if (actual !== sha256) {
    throw new Error(
      `${file}: expected the file that ${writer} wrote (sha256 ${sha256}), found another (${actual}); ` +
        'a build has replaced it: look at what it builds before you run it again',
    );
  }
  return bytes.toString('utf8');
}
