import { expect, test } from 'vitest';
import { planMirror, type MirrorInput } from '../../site/lib/mirror/plan.ts';
import { Node } from '../../site/schemas/node.ts';
import { expectWithin, shrinkToBudget } from './shrink-to-budget.ts';

const INPUT = createInput(10);
const FIXED_BYTES = planMirror(INPUT, 0).bytes.total;
const PLAN = planMirror(INPUT, FIXED_BYTES + 5_100_000);
const KEPT = { file: 'kept', until: '2026-01-01T01:00:00Z' };

test('keeps the plan that the site was built from when the site is not larger than planned', () => {
  expect(PLAN.served.size).toBe(5);
  expect(shrinkToBudget(PLAN, INPUT, { siteBytes: PLAN.bytes.site, live: [] }).plan).toBe(PLAN);
});

test('makes a smaller plan when the pages turned out larger', () => {
  const siteBytes = PLAN.bytes.site + 2_000_000;
  const { plan } = shrinkToBudget(PLAN, INPUT, { siteBytes, live: [] });
  expect(plan.served.size).toBe(3);
  const { manifests, indexes, tarballs, configs } = plan.bytes;
  expect(siteBytes + manifests + indexes + tarballs + configs).toBeLessThanOrEqual(PLAN.bytes.budget);
});

test('makes a smaller plan when the indexes of the deployment before are larger than those to come', () => {
  const blob = { digest: `sha256:${'0'.repeat(64)}`, size: 2_000_000 };
  const { plan } = shrinkToBudget(PLAN, INPUT, {
    siteBytes: PLAN.bytes.site,
    live: [{ blob, ...KEPT }],
  });
  expect(plan.served.size).toBeLessThan(5);
});

test('drops the largest indexes of the previous deployment when no plan fits with them', () => {
  const [small, large, larger] = [1_000, 60_000_000, 2 ** 50].map((size, index) => ({
    blob: { digest: `sha256:${String(index).repeat(64)}`, size },
    ...KEPT,
  }));
  if (!small || !large || !larger) throw new Error('expected three');
  const siteBytes = PLAN.bytes.site;
  const { plan, live, dropped } = shrinkToBudget(PLAN, INPUT, { siteBytes, live: [larger, small, large] });
  expect(live).toEqual([small]);
  expect(dropped).toEqual([larger, large]);
  expect(plan.served.size).toBe(5);
});

test('says what to do when the pages alone exceed the budget', () => {
  expect(() => shrinkToBudget(PLAN, INPUT, { siteBytes: 20_000_000, live: [] })).toThrow(
    /the site takes .*, 20 MB of it pages and API, which is more than its budget of .* raise PAGES_BUDGET/,
  );
  expect(() => expectWithin(100, { siteBytes: 60, mirrorBytes: 41 })).toThrow(/the site takes 101 B/);
});

/** Builds of 1 MB each, without dependencies. */
function createInput(count: number): MirrorInput {
  const digest = `sha256:${'0'.repeat(64)}`;
  const hashes = Array.from({ length: count }, (_, index) => `${'abcdefghij'[index] ?? 'k'}`.repeat(32));
  const nodes = hashes.map((hash) =>
    Node.parse({
      name: `p-${hash[0] ?? ''}`,
      version: '1',
      arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
      hash,
    }),
  );
  return {
    builds: nodes.map(({ name, version, hash }) => ({
      name,
      version,
      hash,
      published: '2026-01-01T00:00:00Z',
      tarball: { digest, size: 1_000_000, uncompressedDigest: digest, installedSize: 1, files: 1 },
      contents: { prefix: '/opt/it', programs: [], libraries: [] },
      image: { tag: `${name}.spack`, digest, size: 500, config: { digest, size: 30_000 }, runnable: true },
      origin: {},
    })),
    nodes: new Map(nodes.map((node) => [node.hash, { node, text: JSON.stringify(node) }])),
    environments: new Map(),
  };
}
