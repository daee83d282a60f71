import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { format, resolveConfig } from 'prettier';
import { mutateNodes } from '../world/node-mutations.ts';
import { versionQuery } from '../world/odd-versions.ts';
import { askSpack } from '../world/spack-verdicts.ts';
import { findSpacks, SPACK_ADVICE } from '../world/spack.ts';

/**
 * Records how the Spack versions on this machine handle a sample of nodes, and which versions the newest one
 * finds in ranges, for tests on machines without Spack: `node tests/generate/node-verdicts.ts`.
 */
const COUNT = 200;
const SEED = 12;
const FIXTURES = join(import.meta.dirname, '../fixtures');
const FILE = join(FIXTURES, 'node-verdicts.json');
const RANGES_FILE = join(FIXTURES, 'version-ranges.json');

const spacks = findSpacks();
const [newest] = spacks;
if (!newest) throw new Error(`expected a real Spack, found none: ${SPACK_ADVICE}`);
const nodes = mutateNodes(COUNT, SEED);
const verdicts: Record<string, string> = {};
for (const spack of spacks) {
  const answers = await askSpack(spack, nodes);
  verdicts[spack.version] = answers.map(({ accepts }) => (accepts ? 'y' : 'n')).join('');
}
await write(FILE, { seed: SEED, verdicts });
console.error(`${FILE}: ${COUNT} nodes, Spack ${Object.keys(verdicts).join(', ')}`);

const queries = fc.sample(versionQuery, { numRuns: 2 * COUNT, seed: SEED });
const answers = await askSpack(newest, queries);
const recorded = queries.map(({ version, ranges }, at) => {
  const { accepts, reason } = answers[at] ?? { accepts: false, reason: 'none' };
  return [version, ranges, reason === '' ? accepts : null];
});
await write(RANGES_FILE, recorded);
console.error(`${RANGES_FILE}: ${recorded.length} versions in ranges, Spack ${newest.version}`);

async function write(file: string, value: unknown): Promise<void> {
  const text = JSON.stringify(value);
  await writeFile(file, await format(text, { ...(await resolveConfig(file)), parser: 'json' }));
}
