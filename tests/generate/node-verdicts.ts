import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { mutateNodes } from '../world/node-mutations.ts';
import { askSpack } from '../world/spack-verdicts.ts';
import { findSpacks, SPACK_ADVICE } from '../world/spack.ts';

/**
 * Records what the Spacks of this machine do with a sample of nodes, for tests where there is none:
 * `node tests/generate/node-verdicts.ts`.
 */
const COUNT = 200;
const SEED = 12;
const FILE = join(import.meta.dirname, '../fixtures/node-verdicts.json');

const spacks = findSpacks();
if (spacks.length === 0) throw new Error(`expected a real Spack, found none: ${SPACK_ADVICE}`);
const nodes = mutateNodes(COUNT, SEED);
const verdicts: Record<string, string> = {};
for (const spack of spacks) {
  const answers = await askSpack(spack, nodes);
  verdicts[spack.version] = answers.map(({ accepts }) => (accepts ? 'y' : 'n')).join('');
}
const text = JSON.stringify({ seed: SEED, verdicts });
await writeFile(FILE, await format(text, { ...(await resolveConfig(FILE)), parser: 'json' }));
console.error(`${FILE}: ${COUNT} nodes, Spack ${Object.keys(verdicts).join(', ')}`);
