import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WhyAnswer } from '../../scripts/coverage/why.ts';
import { findSolvers } from '../world/spack.ts';
import { openWhyWorld, PACKAGES, type CacheName, type WhyWorld } from './why-world.ts';

/** Setup of a consumer, with the expected first cause. */
interface Scenario {
  spec: string;
  cache: CacheName;
  /** Settings other than the mirror. */
  files?: Record<string, object>;
  mirror?: 'none' | 'signed' | 'sources';
}

/** Configurations of the mirror. */
const MIRRORS: Record<string, object> = {
  unsigned: { signed: false },
  signed: { signed: true },
  sources: { signed: false, binary: false, source: true },
};

/** Scenarios of each cause in five variations, one per package. */
const SCENARIOS: Record<string, ((name: string) => Scenario)[]> = {
  target: [
    (spec) => ({ spec, cache: 'here', files: requireOfAll('target=x86_64_v2') }),
    (spec) => ({ spec, cache: 'target' }),
    (name) => ({ spec: `${name} target=x86_64_v2`, cache: 'here' }),
    (spec) => ({ spec, cache: 'here', files: requireOf(spec, 'target=x86_64') }),
    (spec) => ({ spec, cache: 'target' }),
  ],
  libc: [(spec) => ({ spec, cache: 'libc' })],
  os: [
    (spec) => ({ spec, cache: 'os', files: requireOfAll('os=HOST') }),
    (spec) => ({ spec, cache: 'os', files: requireOf(spec, 'os=HOST') }),
    (name) => ({ spec: `${name} os=HOST`, cache: 'os' }),
  ],
  compiler: [
    (name) => ({ spec: `${name} %gcc@12.2.0`, cache: 'here' }),
    (spec) => ({ spec, cache: 'here', files: requireOf(spec, '%gcc@12.2.0') }),
    (name) => ({ spec: `${name} %c=gcc@12.2.0`, cache: 'here' }),
  ],
  version: [
    (name) => ({ spec: `${name}@1.1`, cache: 'here' }),
    (spec) => ({ spec, cache: 'here', files: requireOf(spec, '@1.1') }),
    (name) => ({ spec: `${name}@1.1:`, cache: 'here' }),
  ],
  variant: [
    (name) => ({ spec: `${name}+loud`, cache: 'here' }),
    (spec) => ({ spec, cache: 'here', files: requireOf(spec, '+loud') }),
    (name) => ({ spec: `${name} cflags=-O3`, cache: 'here' }),
  ],
  recipe: [
    (spec) => ({ spec, cache: 'recipe', files: reuse(false) }),
    (spec) => ({ spec, cache: 'recipe', files: reuse({ from: [{ type: 'local' }] }) }),
    (spec) => ({ spec, cache: 'recipe', files: reuse('dependencies') }),
  ],
  'build-dependency': [
    (name) => ({ spec: `${name} %w-helper@1.1`, cache: 'here' }),
    (spec) => ({ spec, cache: 'here', files: requireOf(spec, '%w-helper@1.1') }),
  ],
  reuse: [
    (spec) => ({ spec, cache: 'here', files: reuse(false) }),
    (spec) => ({ spec, cache: 'here', files: reuse('dependencies') }),
    (spec) => ({ spec, cache: 'here', files: reuse({ roots: false, from: [{ type: 'buildcache' }] }) }),
    (spec) => ({ spec, cache: 'here', files: reuse({ from: [{ type: 'external' }] }) }),
    (spec) => ({ spec, cache: 'here', files: reuse({ exclude: [spec] }) }),
  ],
  key: [(spec) => ({ spec, cache: 'signed', mirror: 'signed' })],
  index: [
    (spec) => ({ spec, cache: 'here', mirror: 'none' }),
    (spec) => ({ spec, cache: 'here', mirror: 'sources' }),
  ],
  'not-in-cache': [
    (spec) => ({ spec, cache: 'lacking' }),
    (name) => ({ spec: `${name}+loud`, cache: 'lacking' }),
  ],
};

function requireOf(name: string, constraint: string): Record<string, object> {
  return { packages: { [name]: { require: constraint } } };
}

function requireOfAll(constraint: string): Record<string, object> {
  return { packages: { all: { require: [constraint] } } };
}

function reuse(setting: unknown): Record<string, object> {
  return { concretizer: { reuse: setting } };
}

// Spack 1.1 and newer include the package classes.
const spacks = process.env['FULL'] ? findSolvers().filter(({ version }) => !version.startsWith('1.0')) : [];

describe.each(spacks)('why a consumer builds from source, by Spack $version', (spack) => {
  const names = Object.keys(PACKAGES);
  const tally = { asked: 0, right: 0, reused: 0 };
  let world: WhyWorld;
  let host: string;

  beforeAll(async () => {
    world = await openWhyWorld(spack);
    host = await world.hostSystem();
  }, 20 * 60_000);
  afterAll(() => world?.close());

  test('names no cause for builds from the cache', async () => {
    for (const name of names) {
      await world.begin(mirrorOf('here'));
      expect(await world.why(name, 'here')).toMatchObject({ error: '', causes: [] });
    }
  });

  test.each(Object.entries(SCENARIOS))(
    '%s',
    async (kind, variations) => {
      for (const [index, name] of names.entries()) {
        const scenario = variations[index % variations.length]?.(name);
        if (scenario === undefined) continue;
        const { right, reused, told } = await play(kind, scenario);
        tally.asked += 1;
        tally.right += Number(right);
        tally.reused += Number(reused);
        if (!right || !reused) console.log(`${spack.version} ${kind} ${scenario.spec}: ${told}`);
      }
    },
    30 * 60_000,
  );

  test('names the first cause in 95 % of the scenarios, and its change makes Spack reuse in 90 %', () => {
    console.log(
      `${spack.version}: ${tally.asked} asked, ${tally.right} named right, ${tally.reused} reused then`,
    );
    expect(tally.right).toBeGreaterThanOrEqual(tally.asked * 0.95);
    expect(tally.reused).toBeGreaterThanOrEqual(tally.asked * 0.9);
  });

  function mirrorOf(cache: CacheName, more: object = { signed: false }): Record<string, string> {
    return { 'mirrors.yaml': JSON.stringify({ mirrors: { here: { url: world.url(cache), ...more } } }) };
  }

  async function play(
    kind: string,
    { spec, cache, files = {}, mirror }: Scenario,
  ): Promise<{ right: boolean; reused: boolean; told: string }> {
    const settings = Object.entries(files).map(([name, content]) => [
      `${name}.yaml`,
      JSON.stringify({ [name]: content }).replaceAll('HOST', host),
    ]);
    await world.begin({
      ...(mirror === 'none' ? {} : mirrorOf(cache, MIRRORS[mirror ?? 'unsigned'])),
      ...Object.fromEntries(settings),
    });
    const asked = spec.replaceAll('HOST', host);
    const answer = await world.why(asked, cache);
    const [first] = answer.causes;
    const told = causesText(answer);
    const right = first?.kind === kind;
    if (first === undefined || first.line === '') return { right, reused: false, told };
    try {
      const next = await world.type(first.line, asked, cache);
      const after = await world.why(next, cache);
      const root = after.causes.find(({ name }) => name === first.name);
      return {
        right,
        reused: after.error === '' && root === undefined,
        told: `${told}; then ${causesText(after)}`,
      };
    } catch (error) {
      return { right, reused: false, told: `${told}; ${String(error).slice(0, 500)}` };
    }
  }
});

function causesText({ error, causes }: WhyAnswer): string {
  return error || causes.map(({ name, kind, line }) => `${name} ${kind} (${line})`).join(', ') || 'nothing';
}
