import type { z } from 'zod';
import { AdvisoryList } from '../../schemas/api/advisory-list.ts';
import { StorageDocument } from '../../schemas/api/storage-document.ts';
import { Badge } from '../../schemas/api/badge.ts';
import { ChangeList } from '../../schemas/api/change-list.ts';
import { CompilerList } from '../../schemas/api/compiler-list.ts';
import { ContainerList } from '../../schemas/api/container-list.ts';
import { EnvironmentDocument } from '../../schemas/api/environment-document.ts';
import { EnvironmentList } from '../../schemas/api/environment-list.ts';
import { FailureList } from '../../schemas/api/failure-list.ts';
import { HealthDocument } from '../../schemas/api/checks/health-document.ts';
import { IndexDocument } from '../../schemas/api/index-document.ts';
import { KeyList } from '../../schemas/api/key-list.ts';
import { NodeList } from '../../schemas/api/node-list.ts';
import { PackageDocument } from '../../schemas/api/package-document.ts';
import { PackageList } from '../../schemas/api/package-list.ts';
import { ProgramList } from '../../schemas/api/program-list.ts';
import { RecipesDocument } from '../../schemas/api/checks/recipes-document.ts';
import { ReproducedDocument } from '../../schemas/api/checks/reproduced-document.ts';
import { SeedDates, SeedManifest } from '../../schemas/api/seed-manifest.ts';
import { SpecDocument } from '../../schemas/api/spec-document.ts';
import { SpecTable } from '../../schemas/api/spec-table.ts';
import { StatsDocument } from '../../schemas/api/stats-document.ts';
import { TargetList } from '../../schemas/api/target-list.ts';
import { ViewList } from '../../schemas/api/view-list.ts';
import { TEMPLATES } from './links.ts';

/** One kind of document of the API. */
export interface Endpoint {
  /** A short, stable name. */
  name: string;
  /** Path below the site's address, with `{…}` in place of a name or hash. */
  path: string;
  /** File name of its JSON Schema. */
  shape: string;
  schema: z.ZodType;
  /** Sentence that says when it changes. */
  freshness: string;
  /** Filters for `jq`, keyed by a description of their output. */
  filters: Record<string, string>;
}

/** An endpoint; most are at `/api/<name>.json` and change with every publication. */
type EndpointOptions = Omit<Endpoint, 'path' | 'freshness'> & Partial<Pick<Endpoint, 'path' | 'freshness'>>;

/** All endpoints that return JSON, in the order of the documentation. */
export const ENDPOINTS = [
  {
    name: 'index',
    shape: 'index-document',
    schema: IndexDocument,
    filters: {
      'Number of builds, packages and so on': '.counts',
      'Digests to compare with those of last time': String.raw`.endpoints[] | select(.sha256) | "\(.sha256) \(.url)"`,
    },
  },
  {
    name: 'packages',
    shape: 'package-list',
    schema: PackageList,
    filters: { 'Each package and its highest version': String.raw`.packages[] | "\(.name) \(.versions[0])"` },
  },
  {
    name: 'package',
    path: TEMPLATES.package,
    shape: 'package-document',
    schema: PackageDocument,
    freshness: 'Changes when a build of the package is added or removed.',
    filters: { 'Each build': String.raw`.builds[] | "\(.hash) \(.version) \(.variants)"` },
  },
  {
    name: 'specs',
    shape: 'spec-table',
    schema: SpecTable,
    filters: {
      'Hash, package and version of each build': String.raw`.words as $w | .columns as $c | range(.builds) | "\($c.hash[.]) \($w.package[$c.package[.]]) \($w.version[$c.version[.]])"`,
    },
  },
  {
    name: 'spec',
    path: TEMPLATES.spec,
    shape: 'spec-document',
    schema: SpecDocument,
    freshness:
      'Changes when the build moves to the site or to the registry, or is signed again. `freshness` in `/api/specs.json` says whether newer recipes would give another build; each release of the recipes may change that.',
    filters: {
      'Spec, oldest glibc that it runs on, and size in bytes': '.spec, .needs.runs, .build.tarball.size',
    },
  },
  {
    name: 'nodes',
    path: TEMPLATES.nodes,
    shape: 'node-list',
    schema: NodeList,
    freshness: 'Changes when a build of the package is added or removed.',
    filters: {
      'Dependencies of each build': String.raw`.nodes[] | "\(.hash): \([.dependencies[]?.name] | join(" "))"`,
    },
  },
  {
    name: 'targets',
    shape: 'target-list',
    schema: TargetList,
    filters: { 'Number of builds for each': String.raw`.targets[] | "\(.builds) \(.name)"` },
  },
  {
    name: 'compilers',
    shape: 'compiler-list',
    schema: CompilerList,
    filters: { 'Number of builds by each': String.raw`.compilers[] | "\(.builds) \(.name)@\(.version)"` },
  },
  {
    name: 'programs',
    shape: 'program-list',
    schema: ProgramList,
    freshness: 'Changes when a program or library is added or removed.',
    filters: {
      'Each program and its packages': String.raw`.programs[] | "\(.name): \(.packages | join(" "))"`,
    },
  },
  {
    name: 'environments',
    shape: 'environment-list',
    schema: EnvironmentList,
    freshness: 'Changes when one of their specs is built.',
    filters: { 'Coverage of each': String.raw`.environments[] | "\(.percent) % \(.name)"` },
  },
  {
    name: 'environment',
    path: '/api/environments/{name}.json',
    shape: 'environment-document',
    schema: EnvironmentDocument,
    freshness: 'Changes when one of its specs is built.',
    filters: {
      'What is missing, and why': String.raw`.coverage.missing[] | "\(.name)@\(.version) \(.reason)"`,
    },
  },
  {
    name: 'containers',
    shape: 'container-list',
    schema: ContainerList,
    freshness: 'Changes when a container is published.',
    filters: {
      'Tag, platform and digest of each': String.raw`.containers[] | "\(.tags[0]) \(.os)/\(.architecture) \(.digest)"`,
    },
  },
  {
    name: 'failures',
    shape: 'failure-list',
    schema: FailureList,
    filters: { 'What failed, and how': String.raw`.failures[] | "\(.date) \(.kind) \(.spec)"` },
  },
  {
    name: 'advisories',
    shape: 'advisory-list',
    schema: AdvisoryList,
    freshness:
      'Changes when newer recipes are read, and when a build of a deprecated version is added or removed.',
    filters: {
      'Deprecated versions, their CVE ids and newer versions': String.raw`.advisories[] | "\(.name)@\(.version) \(.cves | join(" ")) \(.newer // "")"`,
    },
  },
  {
    name: 'recipes',
    shape: 'recipes-document',
    schema: RecipesDocument,
    freshness:
      'Changes when newer recipes are read (weekly, or by hand), and when a build is added or removed.',
    filters: {
      'Number of builds that are older than the newest recipes': String.raw`.last | if . then "\(.builds.older) older than \(.release)" else "not compared yet" end`,
    },
  },
  {
    name: 'views',
    shape: 'view-list',
    schema: ViewList,
    filters: { 'Number of builds in each': String.raw`.views[] | "\(.builds) \(.name)"` },
  },
  {
    name: 'keys',
    shape: 'key-list',
    schema: KeyList,
    freshness: 'Changes when a key is added or removed.',
    filters: { Fingerprints: '.keys[].fingerprint' },
  },
  {
    name: 'stats',
    shape: 'stats-document',
    schema: StatsDocument,
    filters: { 'Number of builds per month': String.raw`.months[] | "\(.month) \(.builds)"` },
  },
  {
    name: 'storage',
    shape: 'storage-document',
    schema: StorageDocument,
    filters: { 'Room left, in bytes': '.budget - .bytes.total' },
  },
  {
    name: 'health',
    shape: 'health-document',
    schema: HealthDocument,
    freshness: 'Changes when catalog, registry and site are compared: weekly, or by hand.',
    filters: {
      'Number of problems, and date of the check': String.raw`.last // empty | "\(.problems) \(.date)"`,
    },
  },
  {
    name: 'reproduced',
    shape: 'reproduced-document',
    schema: ReproducedDocument,
    freshness: 'Changes when builds are built a second time and compared.',
    filters: {
      'Number of builds that came out the same': String.raw`.last // empty | "\(.equal) of \(.compared)"`,
    },
  },
  {
    name: 'changes',
    path: '/api/changes/{month}.json',
    shape: 'change-list',
    schema: ChangeList,
    freshness: 'Changes with every publication in its month. One day after the month ends, it is final.',
    filters: {
      'Builds added': String.raw`.added[] | "\(.date) \(.name)@\(.version)"`,
    },
  },
  {
    name: 'badge',
    path: '/api/badges/{name}.json',
    shape: 'badge',
    schema: Badge,
    filters: { 'The text': String.raw`"\(.label): \(.message)"` },
  },
  {
    name: 'package-badge',
    path: '/api/badges/packages/{name}.json',
    shape: 'badge',
    schema: Badge,
    freshness: 'Changes when the highest version changes.',
    filters: { 'The text': String.raw`"\(.label): \(.message)"` },
  },
  {
    name: 'environment-badge',
    path: '/api/badges/environments/{name}.json',
    shape: 'badge',
    schema: Badge,
    freshness: 'Changes when one of its specs is built.',
    filters: { 'The text': String.raw`"\(.label): \(.message)"` },
  },
  {
    name: 'seed-manifest',
    path: '/manifest/',
    shape: 'seed-manifest',
    schema: SeedManifest,
    filters: { 'Each artifact and its image': String.raw`.packages[] | "\(.name) \(.url)"` },
  },
  {
    name: 'seed-dates',
    path: '/manifest/dates/',
    shape: 'seed-dates',
    schema: SeedDates,
    freshness: 'Changes once a month.',
    filters: {
      'Address of the list of each month': String.raw`.url_prefix as $p | .dates[] | "\($p)\(.)/index.manifest.json"`,
    },
  },
].map((endpoint: EndpointOptions): Endpoint => ({
  path: `/api/${endpoint.name}.json`,
  freshness: 'Changes with every publication.',
  ...endpoint,
}));

/** Whether the documents of an endpoint are compressed files, which servers do not unpack. */
export function isCompressed({ path }: Endpoint): boolean {
  return path.endsWith('.gz');
}

/** The parameter in an endpoint's path. */
export function parameterOf({ path }: Endpoint): string | undefined {
  return /\{(\w+)\}/.exec(path)?.[1];
}

/** The endpoint with a name. Throws if there is none. */
export function endpointNamed(name: string): Endpoint {
  const match = ENDPOINTS.find((endpoint) => endpoint.name === name);
  if (!match) throw new Error(`expected an endpoint named ${name}`);
  return match;
}
