import { describe, expect, test } from 'vitest';
import { mutateNodes } from '../world/node-mutations.ts';
import { judge } from '../world/own-verdict.ts';
import { askSpack, type Verdict } from '../world/spack-verdicts.ts';
import { findSpacks, SPACK_ADVICE } from '../world/spack.ts';

const isFull = process.env['FULL'] !== undefined;
const COUNT = isFull ? 4_000 : 150;
const SEED = isFull ? 20_260 : 1;
const spacks = findSpacks();

test.skipIf(spacks.length > 0)(`no real Spack to compare with: ${SPACK_ADVICE}`, (context) => {
  context.skip();
});

describe.runIf(spacks.length > 0)(`verdicts on ${COUNT} generated and mutated nodes`, () => {
  const nodes = mutateNodes(COUNT, SEED);
  const own = nodes.map(({ text }) => judge(text));
  const asked = new Map<string, Promise<Verdict[]>>();
  const ask = (version: string): Promise<Verdict[]> => {
    const spack = spacks.find((one) => one.version === version);
    if (!spack) throw new Error(`no Spack ${version}`);
    const answer = asked.get(version) ?? askSpack(spack, nodes);
    asked.set(version, answer);
    return answer;
  };

  test.each(spacks)('Spack $version reads every node that would be published', async ({ version }) => {
    const verdicts = await ask(version);
    const surprises = nodes.flatMap(({ mutation }, at) =>
      own[at]?.fault === undefined && verdicts[at]?.accepts !== true
        ? [`${at} ${mutation}: ${verdicts[at]?.reason ?? 'no answer'}`]
        : [],
    );
    const accepted = own.filter(({ fault }) => fault === undefined).length;
    console.error(
      `Spack ${version}: ${COUNT} nodes compared, ${accepted} accepted here, ${surprises.length} disagreements`,
    );
    expect(surprises).toEqual([]);
    expect(accepted).toBeGreaterThan(COUNT / 5);
    expect(accepted).toBeLessThan(COUNT * 0.8);
  });

  test('refuses nothing that every Spack reads, except by rules that are narrower on purpose', async () => {
    const all = await Promise.all(spacks.map(({ version }) => ask(version)));
    const surprises = nodes.flatMap(({ mutation }, at) => {
      const { fault, isNarrower } = own[at] ?? { fault: undefined, isNarrower: false };
      const isRead = all.every((verdicts) => verdicts[at]?.accepts);
      return fault !== undefined && !isNarrower && isRead ? [`${at} ${mutation}: ${fault}`] : [];
    });
    expect(surprises).toEqual([]);
  });

  test.each(spacks)('Spack $version lists an index of all accepted nodes', async (spack) => {
    const installs = new Map<string, unknown>();
    for (const [at, { text }] of nodes.entries()) {
      if (own[at]?.fault !== undefined) continue;
      // Takes the first of several mutations of a node, which share its hash, without edges, to be listed on
      // its own.
      const node = JSON.parse(text) as Record<string, unknown>;
      delete node['dependencies'];
      delete node['build_spec'];
      const hash = String(node['hash']);
      if (!installs.has(hash)) installs.set(hash, { spec: node, ref_count: 0, in_buildcache: true });
    }
    expect(installs.size).toBeGreaterThan(COUNT / 20);
    const index = JSON.stringify({ database: { version: '8', installs: Object.fromEntries(installs) } });
    // Proves that the check can fail: the same index with one node that no Spack can read.
    const [hash = ''] = installs.keys();
    const broken = index.replace(/"version":"[^"]*","arch"/, '"version":"1/0","arch"');
    expect(broken).not.toBe(index);
    const verdicts = await askSpack(spack, [{ index }, { index: broken }]);
    expect(verdicts, hash).toMatchObject([{ accepts: true, reason: '' }, { accepts: false }]);
  });
});
