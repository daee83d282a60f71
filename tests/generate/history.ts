import type { DagHash } from '../../site/schemas/digest.ts';
import { createConcretizer, type Concretize, type Round } from './concretize.ts';
import { dagOf, runtimeClosure } from './dag.ts';
import { PLATFORMS } from './platforms.ts';
import { createPopulation, pickEarly, type Population } from './population.ts';
import { createRandom, type Random } from './random.ts';
import { readTemplates } from './templates.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';

/** Number of months in a history, which ends in October 2026. */
const MONTHS = 30;
const FIRST_MONTH = { year: 2024, index: 4 };

/**
 * Approximate maximum of builds per round; small histories have smaller rounds, to have some of everything.
 */
const BUILDS_PER_ROUND = 300;
const BUILDS_PER_SMALL_ROUND = 50;
const FEWEST_ROUNDS = 4;

/** Number of invented packages per build: a package gets a handful of builds. */
const INVENTED_PER_BUILD = 0.4;
const INVENTED_SHARE_OF_REQUESTS = 0.85;

/** Number of requests after which a round ends because nothing new is left to build. */
const REQUESTS_PER_ROUND = 2_000;
/** Number of requests that may be skipped near a round's end because they need more builds than are left. */
const PASSES_PER_ROUND = 200;

/** One binary with its round, run and time. */
export interface HistoryBuild {
  hash: DagHash;
  round: Round;
  /** Number of the workflow run. */
  run: number;
  published: Date;
}

/** Builds of a cache over time. */
export interface History {
  seed: number;
  /** Every node of every build's DAG. */
  nodes: Map<DagHash, SpecNode>;
  /** Builds in chronological order: run-time dependencies come before their dependents. */
  builds: Map<DagHash, HistoryBuild>;
  /** Requests of each round that have a binary, the oldest round first. */
  requests: DagHash[][];
}

/** Invents exactly `builds` builds; all run-time dependencies except externals have binaries, too. */
export function inventHistory({ builds, seed }: { builds: number; seed: number }): History {
  const templates = readTemplates();
  const population = createPopulation(templates.values(), Math.round(builds * INVENTED_PER_BUILD), seed);
  const history: History = { seed, nodes: new Map(), builds: new Map(), requests: [] };
  const made = new Map<DagHash, SpecNode>();
  const rounds = Math.max(
    FEWEST_ROUNDS,
    Math.min(PLATFORMS.length, Math.ceil(builds / BUILDS_PER_SMALL_ROUND)),
    Math.ceil(builds / BUILDS_PER_ROUND),
  );
  for (let index = 0; history.builds.size < builds; index += 1) {
    const round = planRound(index, rounds);
    buildRound(history, {
      index,
      round,
      quota: Math.ceil((builds - history.builds.size) / Math.max(1, rounds - index)),
      random: createRandom(`round ${seed} ${index}`),
      concretize: createConcretizer(round, seed, templates, made),
      made,
      population,
    });
  }
  for (const root of history.builds.keys()) {
    for (const found of dagOf(made, root)) history.nodes.set(found.node.hash, found);
  }
  return history;
}

interface RoundWork {
  index: number;
  round: Round;
  /** Number of builds that it may add. */
  quota: number;
  random: Random;
  concretize: Concretize;
  made: ReadonlyMap<DagHash, SpecNode>;
  population: Population;
}

/** Requests one package after the other and builds their missing nodes, dependencies first. */
function buildRound(history: History, work: RoundWork): void {
  const { builds } = history;
  const { random, round, quota, made } = work;
  const end = builds.size + quota;
  const requests = new Set<DagHash>();
  let passes = 0;
  for (let request = 0; request < REQUESTS_PER_ROUND && builds.size < end; request += 1) {
    const root = work.concretize(pickRecipe(work.population, random));
    const missing = runtimeClosure(made, root).filter(({ node }) => !builds.has(node.hash));
    const left = end - builds.size;
    if (missing.length > left && (passes += 1) <= PASSES_PER_ROUND) continue;
    let published = startOf(round, 1 - left / quota).getTime();
    for (const { node } of missing.slice(0, left)) {
      published += (1 + random.below(600)) * 1_000;
      const run = 1 + work.index * REQUESTS_PER_ROUND + request;
      builds.set(node.hash, { hash: node.hash, round, run, published: new Date(published) });
    }
    if (builds.has(root)) requests.add(root);
  }
  history.requests.push([...requests]);
}

/** Plans a round. Rounds cycle through the platforms over the months. */
function planRound(index: number, rounds: number): Round {
  const platform = PLATFORMS[index % PLATFORMS.length];
  if (!platform) throw new Error('expected at least one platform');
  const month = Math.min(MONTHS - 1, Math.floor((index * MONTHS) / rounds));
  return { platform, age: MONTHS - 1 - month, flavour: Math.floor(index / (PLATFORMS.length * 3)) };
}

function pickRecipe({ real, invented }: Population, random: Random): Population['real'][number] {
  return invented.length > 0 && random.chance(INVENTED_SHARE_OF_REQUESTS)
    ? pickEarly(random, invented)
    : random.pick(real);
}

/** Time of a request at the fraction `share` of its round. */
function startOf({ age }: Round, share: number): Date {
  const daysOfWork = 26;
  const month = FIRST_MONTH.index + MONTHS - 1 - age;
  return new Date(Date.UTC(FIRST_MONTH.year, month, 1) + Math.floor(share * daysOfWork * 86_400) * 1_000);
}
