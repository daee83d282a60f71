import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { chooseScheduled, drawOrder, takeSample } from '../../scripts/choose/choose.ts';
import { readPackageList } from '../../scripts/refresh/recipe-trees.ts';
import { makeRecipes } from '../world/git.ts';
import { findSpacks } from '../world/spack.ts';

const [spack] = findSpacks();
/** Folder of this Spack's builtin recipes. */
const recipes = spack && findRecipes(spack.program);
const release = 'v2025.11.0';
let names: string[];
let folder: string;

let address: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'list-'));
  if (!recipes) return;
  const folders = readdirSync(recipes, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const packages = folders.map(({ name }) => name).filter((name) => name !== '__pycache__');
  address = makeRecipes(join(folder, 'recipes'), packages, release);
  names = await readPackageList(address, release);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Spack reads each recipe for this, which takes a minute.
test.runIf(recipes && process.env['FULL'])('knows every package by the name that Spack gives it', () => {
  const listed = execFileSync(spack?.program ?? '', ['list', '--format', 'name_only'], { encoding: 'utf8' });
  expect(names).toEqual(listed.trim().split('\n').sort());
});

test.runIf(recipes)('goes through the whole list, and reports that it is exhausted', async () => {
  for (const name of names.slice(5)) {
    mkdirSync(join(folder, 'builds', name), { recursive: true });
    const build = { origin: { target: 'x86_64_v3' } };
    writeFileSync(join(folder, 'builds', name, `${name}-1-a.json`), JSON.stringify(build));
  }
  const { requests, reasons } = await chooseScheduled(
    {
      seed: '4711',
      count: 25,
      target: 'x86_64_v3',
      catalog: folder,
      packagesVersion: release,
      date: new Date('2026-11-23T12:00:00Z'),
      environment: { SPACK_PACKAGES_GIT_URL: address },
    },
    BuildCacheSettings.parse({}),
    { fresh: false, container: false, flags: [] },
  );
  expect(requests.map(({ specs }) => specs[0] ?? '').sort()).toEqual(names.slice(0, 5));
  expect(reasons.at(-1)).toMatch(/^The list is exhausted: of \d+ packages no more than 5 are neither/);
});

test.runIf(recipes)('draws uniformly from the rest of the real list (chi-square)', () => {
  const buckets = new Array<number>(80).fill(0);
  const left = names.slice(1_000, 9_000);
  const bucketOf = new Map(left.map((name, index) => [name, index % buckets.length]));
  for (let seed = 0; seed < 100; seed += 1) {
    const { names: drawn } = takeSample(drawOrder(names, `${seed}`), 200, (name) =>
      bucketOf.has(name) ? undefined : 'cached',
    );
    for (const name of drawn) buckets[bucketOf.get(name) ?? 0] = (buckets[bucketOf.get(name) ?? 0] ?? 0) + 1;
  }
  const sizes = buckets.map((_, bucket) => [...bucketOf.values()].filter((one) => one === bucket).length);
  const chiSquare = buckets.reduce((sum, count, bucket) => {
    const expected = (100 * 200 * (sizes[bucket] ?? 0)) / left.length;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  // The 99.999 % quantile with 79 degrees of freedom: the list grows, the seeds are fixed.
  expect(chiSquare).toBeLessThan(144);
});

function findRecipes(program: string): string | undefined {
  const [line = ''] = execFileSync(program, ['repo', 'list'], { encoding: 'utf8' })
    .split('\n')
    .filter((one) => /\bbuiltin\b/.test(one));
  const path = line.trim().split(/\s+/).at(-1);
  return path && join(path, 'packages');
}
