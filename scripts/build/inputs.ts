import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BuildInputs } from '../../site/schemas/build-request.ts';
import { digestFile, DIGESTED_FILES } from '../concretize/digests.ts';
import { readJson } from '../cli/files.ts';

/**
 * Reads what concretize wrote for one build, and checks that nobody changed it since.
 * @param expected sha256 of `inputs.json` as the job's own input has it; empty: not checked (on a laptop)
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
  const found = digestFile(path);
  if (found === expected) return;
  throw new Error(
    `${path}: expected sha256 ${expected}, found ${found}: it was changed since it was solved; solve it again`,
  );
}
