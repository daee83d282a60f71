import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Build } from '../../site/schemas/build.ts';
import type { SolvedFailure } from '../../site/schemas/build-record.ts';
import {
  MAX_JOBS,
  MAX_WAVES,
  type LANES,
  type DividedRequests,
  type MatrixEntry,
} from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Node } from '../../site/schemas/node.ts';
import { kindOf, learnTimes, type TimedBuild } from '../../site/lib/times/build-times.ts';
import { formatJson } from '../../site/lib/json.ts';
import { digestFile } from '../concretize/plan-files.ts';
import { expectHandedOn, setOutput } from '../github/actions.ts';
import { readPlanFolder, REQUESTS_FOLDER } from '../receive/plan-folder.ts';
import type { Limits } from './play-waves.ts';
import { divideWork, type Division, type Job } from './divide.ts';
import { joinRequests, needsAmong, splicedOf, type SolvedRequest } from './join-requests.ts';
import { LONG_SECONDS } from './long-packages.ts';
import { writePart } from './part-folder.ts';
import type { WorkNode } from './work-graph.ts';

/** Number of jobs that GitHub runs at the same time on the free plan. */
const RUNNERS = 20;
/** Share of a job's time limit that is planned; the rest is for builds that take longer than estimated. */
const SHARE_OF_JOB = 0.85;
/** Limit in seconds below which all work is one job. */
const SMALL_SECONDS = 1_800;
const CROSSING_SECONDS = 180;
/**
 * Maximum size of the files that a job installs. The rest of a runner's disk of some 14 GB is for its
 * dependencies, tarballs and build folders.
 */
const JOB_BYTES = 6e9;
const UNKNOWN_BYTES = 20e6;

/** Division of a planned run. */
export interface DividedRun extends DividedRequests {
  /** Every job, sorted by wave and index. */
  jobs: MatrixEntry[];
  /** Hashes that each job builds, keyed by its index; jobs that build a whole request are left out. */
  hashesOf: Map<number, readonly DagHash[]>;
}

export interface DivideOptions {
  /** Maximum build time of a job, in minutes. */
  buildMinutes: number;
  /** Estimates the build time of a node in seconds; undefined if unknown. */
  estimate: (node: Node) => number | undefined;
  /** Assumed build time, in seconds, of a node without an estimate. */
  unknownSeconds: number;
  /** Estimates the size of a node's installed files (default: not known). */
  estimateBytes?: ((node: Node) => number | undefined) | undefined;
  limits?: Partial<Limits>;
}

/**
 * Divides the requests of a run over jobs, so that no node is built twice. A short request that shares
 * nothing with others keeps its own job as planned. The others are divided into parts, each with its own
 * folder.
 * @param plans folder that concretize wrote; receives the folders of the parts
 */
export function divideRun(
  plans: string,
  entries: readonly MatrixEntry[],
  options: DivideOptions,
): DividedRun {
  const run: DividedRun = { jobs: [], requests: [], left: [], seconds: {}, hashesOf: new Map() };
  const work = new Map<DagHash, DividedNode>();
  const owners = new Map<string, Owners>();
  const parts: Job[] = [];
  const solved = entries.map((entry) => ({ entry, plan: readPlanFolder(plans, entry) }));
  for (const component of joinRequests(solved)) {
    const { nodes, total, bytes, groups } = describeWork(component, options);
    for (const [hash, { seconds }] of nodes) run.seconds[hash] = Math.round(seconds);
    const [only] = component;
    const isShort = total <= SMALL_SECONDS && bytes <= JOB_BYTES && groups.size === 1;
    if (component.length === 1 && only && (isShort || only.plan.hashes.size <= 1)) {
      run.jobs.push(only.entry);
      continue;
    }
    for (const [group, members] of groups) {
      owners.set(group, { members, component });
      if (isShort) parts.push({ wave: 0, group, hashes: [...nodes.keys()], seconds: total });
    }
    if (!isShort) for (const [hash, node] of nodes) work.set(hash, node);
  }
  const division = divideUnits(work, {
    runners: RUNNERS,
    waves: MAX_WAVES,
    jobs: MAX_JOBS - run.jobs.length - parts.length,
    jobSeconds: options.buildMinutes * 60 * SHARE_OF_JOB,
    jobBytes: JOB_BYTES,
    waveSeconds: CROSSING_SECONDS,
    ...options.limits,
  });
  run.left = division.left;
  const divided: Job[] = [...parts];
  for (const job of division.jobs) {
    const whole = wholeRequest(job, owners.get(job.group)?.component ?? []);
    if (whole) run.jobs.push(whole.entry);
    else divided.push(job);
  }
  // No other job needs the builds of these jobs: later waves do not wait for them.
  const lane = division.jobs.some(({ wave }) => wave > 0) ? 'last' : undefined;
  if (lane) {
    for (const part of parts) part.lane = lane;
    run.jobs = run.jobs.map((job) => ({ ...job, lane }));
  }
  const kept = new Set(run.jobs.map(({ index }) => index));
  run.requests = entries.filter(({ index }) => !kept.has(index));
  moveRequests(plans, run.requests);
  const indices = [...Array(MAX_JOBS).keys()].filter((index) => !kept.has(index));
  for (const [place, job] of divided.entries()) {
    const index = indices[place] ?? 0;
    run.jobs.push(writeJob(plans, index, job, owners.get(job.group)));
    run.hashesOf.set(index, job.hashes);
  }
  run.jobs.sort((a, b) => (a.wave ?? 0) - (b.wave ?? 0) || a.index - b.index);
  return run;
}

/** Writes the folder of a job, for its own requests first and then for those that share nodes with them. */
function writeJob(
  plans: string,
  index: number,
  { wave, lane, hashes }: Job,
  { members, component }: Owners = { members: [], component: [] },
): MatrixEntry {
  const requests = [...members, ...component.filter((request) => !members.includes(request))];
  return writePart(plans, { index, wave, lane, requests, hashes });
}

/** Moves the folders of divided requests, to free their names; they are read after all jobs are received. */
function moveRequests(plans: string, requests: readonly MatrixEntry[]): void {
  for (const { index } of requests) {
    mkdirSync(join(plans, REQUESTS_FOLDER), { recursive: true });
    renameSync(join(plans, String(index)), join(plans, REQUESTS_FOLDER, String(index)));
  }
}

/** Jobs of a wave as matrices of the workflow's jobs; a job with an empty matrix is skipped. */
type Wave = Record<keyof typeof LANES, { include: MatrixEntry[] }>;

/** Groups the jobs of each wave by the wave that waits for them. Returns at least one wave. */
export function wavesOf(jobs: readonly MatrixEntry[]): Wave[] {
  const count = Math.max(0, ...jobs.map(({ wave = 0 }) => wave)) + 1;
  const waves = Array.from({ length: count }, (): Wave => ({
    next: { include: [] },
    long: { include: [] },
    longer: { include: [] },
    last: { include: [] },
  }));
  for (const job of jobs) waves[job.wave ?? 0]?.[job.lane ?? 'next'].include.push(job);
  return waves;
}

/** Learns estimates from earlier builds. A package that usually takes long does so until one was built. */
export function learnFrom(history: Iterable<TimedBuild>): DivideOptions['estimate'] {
  const estimate = learnTimes(history);
  return (node) => {
    const learnt = estimate(kindOf(node));
    return learnt?.basis === 'history' ? learnt.seconds : (LONG_SECONDS.get(node.name) ?? learnt?.seconds);
  };
}

/** Learns sizes from earlier builds: a package is as large as its largest one. */
export function learnSizes(builds: Iterable<Build>): (node: Node) => number | undefined {
  const sizes = new Map<string, number>();
  for (const { name, tarball } of builds)
    sizes.set(name, Math.max(tarball.installedSize, sizes.get(name) ?? 0));
  return ({ name }) => sizes.get(name);
}

/**
 * Passes a divided run to later jobs: its files among the plans, and outputs with their digests.
 * @param plans folder that concretize wrote
 */
export function handOnRun(
  plans: string,
  { divided, waves, failures }: { divided: DividedRun; waves: readonly Wave[]; failures: SolvedFailure[] },
): void {
  const { jobs, requests, left, seconds } = divided;
  const matrix = expectHandedOn({ include: jobs });
  const write = (name: string, content: unknown): string => {
    writeFileSync(join(plans, name), formatJson(content));
    return digestFile(join(plans, name));
  };
  write('matrix.json', matrix);
  setOutput('matrix', JSON.stringify(matrix));
  setOutput('jobs', JSON.stringify(waves));
  setOutput('waves', String(waves.length));
  setOutput('count', String(jobs.length));
  setOutput('divided', write('divided.json', { requests, left, seconds }));
  setOutput('failures', write('failures.json', failures));
  setOutput('work', String(jobs.length + failures.length > 0));
}

/** Requests whose nodes the jobs of a group build. */
interface Owners {
  /** Requests with the same configuration of Spack. */
  members: SolvedRequest[];
  /** These and all requests that share nodes with them. */
  component: SolvedRequest[];
}

/** A node; `unit` is the first of several nodes that one job must build together. */
type DividedNode = WorkNode & { unit?: DagHash | undefined };

interface ComponentWork {
  nodes: Map<DagHash, DividedNode>;
  /** Seconds of all nodes. */
  total: number;
  bytes: number;
  /** Requests whose nodes may share a job, keyed by the name of their group. */
  groups: Map<string, SolvedRequest[]>;
}

/** Describes the work of a component. Each node belongs to the first request that plans it. */
function describeWork(
  component: readonly SolvedRequest[],
  { estimate, unknownSeconds, estimateBytes }: DivideOptions,
): ComponentWork {
  const needs = needsAmong(component);
  const result: ComponentWork = { nodes: new Map(), total: 0, bytes: 0, groups: new Map() };
  const prefix = component[0]?.entry.index ?? 0;
  for (const request of component) {
    // If a spliced build came from another job, Spack would lose its build spec.
    const spliced = splicedOf(request.plan);
    const group = `${prefix} ${request.plan.inputs.request.environment ?? ''}`;
    result.groups.set(group, [...(result.groups.get(group) ?? []), request]);
    for (const hash of request.plan.hashes) {
      if (result.nodes.has(hash)) continue;
      const node = request.plan.nodes.get(hash);
      const seconds = (node && estimate(node)) ?? unknownSeconds;
      const unit = spliced.includes(hash) ? spliced[0] : undefined;
      const bytes = (node && estimateBytes?.(node)) ?? UNKNOWN_BYTES;
      result.nodes.set(hash, { seconds, bytes, needs: needs.get(hash) ?? [], group, unit });
      result.total += seconds;
      result.bytes += bytes;
    }
  }
  return result;
}

/** Divides work whose units stay together: in the division, a unit's first node stands for all of it. */
function divideUnits(work: ReadonlyMap<DagHash, DividedNode>, limits: Limits): Omit<Division, 'seconds'> {
  const units = Map.groupBy(work, ([hash, { unit }]) => unit ?? hash);
  const unitOf = (hash: DagHash) => work.get(hash)?.unit ?? hash;
  const contracted = [...units].flatMap(([unit, members]): [DagHash, WorkNode][] => {
    const [first] = members;
    if (!first) return [];
    const needs = new Set(members.flatMap(([, node]) => node.needs.map(unitOf)));
    needs.delete(unit);
    const seconds = members.reduce((sum, [, node]) => sum + node.seconds, 0);
    const bytes = members.reduce((sum, [, node]) => sum + (node.bytes ?? 0), 0);
    return [[unit, { seconds, bytes, needs: [...needs], group: first[1].group }]];
  });
  const membersOf = (hash: DagHash) => (units.get(hash) ?? []).map(([member]) => member);
  const { jobs, left } = divideWork(new Map(contracted), limits);
  return {
    jobs: jobs.map((job) => ({ ...job, hashes: job.hashes.flatMap(membersOf) })),
    left: left.flatMap(membersOf),
  };
}

/** Returns the request that a job builds, if it builds all of it and nothing else. */
function wholeRequest({ hashes }: Job, component: readonly SolvedRequest[]): SolvedRequest | undefined {
  const [only, ...others] = component;
  return only && others.length === 0 && only.plan.hashes.size === hashes.length ? only : undefined;
}
