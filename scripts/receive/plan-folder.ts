import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { splitObject } from '../../site/lib/spack/node-text.ts';
import { SolvedFailures, type SolvedFailure } from '../../site/schemas/build-record.ts';
import { BuildInputs, DividedRequests, type MatrixEntry } from '../../site/schemas/build-request.ts';
import { hexOf, type DagHash } from '../../site/schemas/digest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import type { Node } from '../../site/schemas/node.ts';
import { digestOf } from '../cli/digest.ts';
import { SBANG_FILE } from '../concretize/plan-files.ts';
import { parseAllowedHashes } from '../publish/allowed-hashes.ts';

/** Among the plans, the folder of those requests that no job builds as a whole. */
export const REQUESTS_FOLDER = 'requests';

/** What one build job was told to build. */
export interface Plan {
  /** The hashes that it may produce. */
  hashes: ReadonlySet<DagHash>;
  inputs: BuildInputs;
  /** Every node of the lock by its hash. */
  nodes: ReadonlyMap<DagHash, Node>;
  /** The text of each node of the lock, compact. */
  texts: ReadonlyMap<DagHash, string>;
  /** What was asked for, in the order of the lock; of a part, as far as it is its to build. */
  roots: readonly { hash: DagHash; spec: string }[];
  /** `spack.lock` to the letter. */
  lockText: string;
  /** Spack's own script for long shebangs. Absent: no container is wanted. */
  sbang?: string;
}

/**
 * Reads what concretize decided for one job. Build code can reach a run's artifacts, and this is one: each file is
 * held against its digest in the matrix, which travelled as a job's output.
 */
export function readPlanFolder(plansDirectory: string, entry: MatrixEntry): Plan {
  const folder = join(plansDirectory, String(entry.index));
  const lockText = readChecked(join(folder, 'spack.lock'), entry.lock);
  const lock = LockFile.parse(JSON.parse(lockText));
  const inputs = BuildInputs.parse(JSON.parse(readChecked(join(folder, 'inputs.json'), entry.inputs)));
  const file = join(folder, 'plan.txt');
  const asked = inputs.part && new Set(inputs.part.asked);
  const sbang = inputs.files[SBANG_FILE];
  return {
    hashes: parseAllowedHashes(readChecked(file, entry.plan), file),
    inputs,
    nodes: new Map(Object.entries(lock.concrete_specs)),
    texts: splitObject(splitObject(lockText).get('concrete_specs') ?? '{}'),
    roots: asked ? lock.roots.filter(({ hash }) => asked.has(hash)) : lock.roots,
    lockText,
    ...(sbang === undefined ? {} : { sbang: readChecked(join(folder, SBANG_FILE), sbang) }),
  };
}

/** Reads what had no solution, held against its digest in the same way. */
export function readSolvedFailures(plansDirectory: string, sha256: string): SolvedFailure[] {
  return SolvedFailures.parse(JSON.parse(readChecked(join(plansDirectory, 'failures.json'), sha256)));
}

/** Reads which requests are divided over several jobs, held against its digest in the same way. */
export function readDivided(plansDirectory: string, sha256: string): DividedRequests {
  return DividedRequests.parse(
    JSON.parse(readChecked(join(plansDirectory, 'divided.json'), sha256, 'gather')),
  );
}

/** Reads a file that no build may have changed: its digest came another way. `writer` names who wrote it in the error. */
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
