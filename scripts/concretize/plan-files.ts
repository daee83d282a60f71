import { hash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BuildInputs, type MatrixEntry } from '../../site/schemas/build-request.ts';
import { DagHash, type Sha256 } from '../../site/schemas/digest.ts';
import { formatJson } from '../../site/lib/json.ts';
import { readJson, readTextFile } from '../cli/files.ts';

/** The files of a request's folder whose digests are in its `inputs.json`. */
const DIGESTED_FILES = ['spack.yaml', 'spack.lock', 'plan.txt'] as const;
/** Spack's own script for long shebangs, which containers need; present only when they are requested. */
export const SBANG_FILE = 'sbang';

/** The sha256 of a file's content, in hex. */
export function digestFile(path: string): Sha256 {
  return hash('sha256', readFileSync(path));
}

/** The digests of a request's files by name. */
export function digestFiles(folder: string): Record<string, Sha256> {
  const names = [...DIGESTED_FILES, ...(existsSync(join(folder, SBANG_FILE)) ? [SBANG_FILE] : [])];
  return Object.fromEntries(names.map((name) => [name, digestFile(join(folder, name))]));
}

/**
 * Writes `plan.txt` and `inputs.json` into a folder that has `spack.yaml` and `spack.lock`, so that a job can
 * build it.
 * @param hashes the hashes that may be built
 * @param machine the target's name and the machine that builds it
 * @returns the job, with the digests that its files are checked against
 */
export function writePlanFiles(
  folder: string,
  hashes: readonly DagHash[],
  inputs: Omit<BuildInputs, 'files'>,
  machine: { name: string; runner: string; container?: string | undefined },
): MatrixEntry {
  const file = (name: string): string => join(folder, name);
  const lines = hashes.toSorted().map((hash) => `${hash}\n`);
  writeFileSync(file('plan.txt'), lines.join(''));
  writeFileSync(file('inputs.json'), formatJson({ ...inputs, files: digestFiles(folder) }));
  return {
    index: inputs.request.index,
    target: machine.name,
    runner: machine.runner,
    container: machine.container ?? '',
    plan: digestFile(file('plan.txt')),
    lock: digestFile(file('spack.lock')),
    inputs: digestFile(file('inputs.json')),
  };
}

/**
 * Reads the files that concretize wrote for one build, and checks that nobody has changed them.
 * @param expected sha256 of `inputs.json` from the job's own input; empty: not checked (on a laptop)
 */
export function readInputs(folder: string, expected: string): BuildInputs {
  const path = join(folder, 'inputs.json');
  if (!existsSync(path)) throw new Error(`${path}: expected a folder that concretize wrote, found none`);
  expectDigest(path, expected === '' ? digestFile(path) : expected);
  const inputs = readJson(path, BuildInputs, {
    expected: 'what concretize writes',
    advice: 'solve it again',
  });
  for (const name of DIGESTED_FILES)
    expectDigest(join(folder, name), inputs.files[name] ?? 'one in inputs.json');
  return inputs;
}

function expectDigest(path: string, expected: string): void {
  const actual = digestFile(path);
  if (actual === expected) return;
  throw new Error(
    `${path}: expected sha256 ${expected}, found ${actual}: it was changed since it was solved; solve it again`,
  );
}

/** Locks of thousands of nodes have tens of megabytes. */
const MAX_BYTES = 256 * 2 ** 20;

/** Throws when a file is too large to be read at once. */
export function expectSmall(path: string): void {
  const { size } = statSync(path);
  if (size > MAX_BYTES) throw new Error(`${path}: expected at most ${MAX_BYTES} bytes, found ${size}`);
}

/** The `spack.yaml` for specs requested by name. JSON is YAML. */
export function composeSpackYaml(specs: readonly string[]): string {
  const spack = { specs, view: false, concretizer: { unify: 'when_possible' } };
  return `${JSON.stringify({ spack }, null, 2)}\n`;
}

/**
 * Reads the hashes that a build may produce: one DAG hash per line, empty lines ignored. Throws on anything
 * else, with the line number.
 */
export function readAllowedHashes(file: string): Set<DagHash> {
  return parseAllowedHashes(readTextFile(file), file);
}

/** Pure part of `readAllowedHashes`; `where` names the file in errors. */
export function parseAllowedHashes(text: string, where: string): Set<DagHash> {
  const hashes = new Set<DagHash>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const hash = DagHash.safeParse(line.trim());
    if (!hash.success) {
      throw new Error(`${where}: line ${index + 1}: expected one DAG hash, found "${line.slice(0, 60)}"`);
    }
    hashes.add(hash.data);
  }
  return hashes;
}
