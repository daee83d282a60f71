import { Cache } from '../../site/schemas/cache.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { MonthlyStats } from '../../site/schemas/monthly-stats.ts';
import { buildFile, manifestFile, specFile } from '../../site/lib/catalog/catalog-files.ts';
import { containerPath } from '../../scripts/containers/images-to-make.ts';
import { environmentTag } from '../../site/lib/registry-address.ts';
import { recordRemoval, removedPath } from '../../scripts/catalog/removal.ts';
import { specManifestText } from '../../scripts/build-cache/mirror-manifest.ts';
import { inventBuildRecord } from './build-record.ts';
import { inventComparison } from './comparison.ts';
import { inventEnvironmentContainer, inventPackageContainer } from './container-record.ts';
import { dagOf, nodeOf } from './dag.ts';
import { inventHistory, type History } from './history.ts';
import { inventFailure, inventPackage } from './package-record.ts';
import { createRandom } from './random.ts';
import { writeFiles, type GeneratedFile } from './write-files.ts';

/** Builds per failure and per removed build; with 50 builds or more both occur. */
const BUILDS_PER_FAILURE = 40;
const BUILDS_PER_REMOVED = 45;
/** Builds per container: containers are only made on request. */
const BUILDS_PER_CONTAINER = 10;

const ENVIRONMENTS = ['hpc-tools', 'data-science'];
const LARGEST_ENVIRONMENT = 15;

/**
 * Writes a catalog of exactly `builds` unsigned builds to a directory that is new or empty. Digests and sizes
 * are invented: no registry has the blobs.
 * @returns the invented history; the same seed and number give the same files
 */
export async function generateCatalog(options: {
  builds: number;
  seed: number;
  directory: string;
}): Promise<History> {
  const history = inventHistory(options);
  await writeFiles(options.directory, catalogFiles(history));
  return history;
}

function* catalogFiles(history: History): Generator<GeneratedFile> {
  for (const { node, text } of history.nodes.values()) yield { path: specFile(node), content: `${text}\n` };
  for (const build of history.builds.values()) {
    const record = inventBuildRecord(history, build);
    yield { path: buildFile(record), content: toJson(record) };
    yield { path: manifestFile(record), content: specManifestText(record.tarball, record.image.config) };
  }
  yield* packageFiles(history);
  yield* containerFiles(history);
  const failures = yield* failureFiles(history);
  yield* removedFiles(history);
  yield* statsFiles(history, failures);
  yield* environmentFiles(history);
  yield { path: 'checks/recipes.json', content: toJson(inventComparison(history)) };
  yield {
    path: 'cache.json',
    content: toJson(Cache.parse({ registry: 'registry.example.org/spack-build-cache' })),
  };
}

function* packageFiles({ nodes, builds }: History): Generator<GeneratedFile> {
  const ages = new Map<string, number>();
  for (const { hash, round } of builds.values()) {
    const { name } = nodeOf(nodes, hash).node;
    ages.set(name, Math.min(round.age, ages.get(name) ?? round.age));
  }
  for (const [name, age] of ages) {
    // Spack knows every package, but publish may not have recorded each.
    if (createRandom(`has package record ${name}`).chance(0.97)) {
      yield { path: `packages/${name}.json`, content: toJson(inventPackage(name, age)) };
    }
  }
}

function* containerFiles(history: History): Generator<GeneratedFile> {
  for (const [index, build] of [...history.builds.values()].entries()) {
    if (index % BUILDS_PER_CONTAINER !== BUILDS_PER_CONTAINER - 1) continue;
    const record = inventBuildRecord(history, build);
    const container = inventPackageContainer(record);
    yield { path: containerPath(record.name, container), content: toJson(container) };
  }
}

/** Creates failures, of nodes without a binary. */
function* failureFiles({ seed, nodes, builds }: History): Generator<GeneratedFile, Date[]> {
  const random = createRandom(`failures ${seed}`);
  const unbuilt = [...nodes.values()].filter(({ node }) => !node.external && !builds.has(node.hash));
  const dates: Date[] = [];
  for (const [index, build] of [...builds.values()].entries()) {
    if (unbuilt.length === 0 || index % BUILDS_PER_FAILURE !== BUILDS_PER_FAILURE - 1) continue;
    const [found] = unbuilt.splice(random.below(unbuilt.length), 1);
    if (!found) continue;
    const { stem, failure } = inventFailure(found.node, build.published, build.run);
    dates.push(build.published);
    yield { path: `failures/${failure.name}/${stem}.json`, content: toJson(failure) };
  }
  return dates;
}

/** Creates removed builds, which are like existing ones except for their hash. */
function* removedFiles({ nodes, builds }: History): Generator<GeneratedFile> {
  for (const [index, { hash, published }] of [...builds.values()].entries()) {
    if (index % BUILDS_PER_REMOVED !== BUILDS_PER_REMOVED - 1) continue;
    const { name, version } = nodeOf(nodes, hash).node;
    const date = writeDate(published);
    const removed = recordRemoval(
      { name, version, hash: [...hash].reverse().join(''), published: date },
      { removed: date, reason: 'a newer version has a binary for the same target' },
    );
    yield { path: removedPath(removed), content: toJson(removed) };
  }
}

function* statsFiles({ builds }: History, failures: Date[]): Generator<GeneratedFile> {
  const months = new Map<string, MonthlyStats>();
  const monthOf = (date: Date): MonthlyStats => {
    const month = date.toISOString().slice(0, 'yyyy-mm'.length);
    const stats = months.get(month) ?? { month, builds: 0, failures: 0 };
    months.set(month, stats);
    return stats;
  };
  for (const { published } of builds.values()) monthOf(published).builds += 1;
  for (const date of failures) monthOf(date).failures += 1;
  for (const stats of months.values()) {
    yield { path: `stats/${stats.month}.json`, content: toJson(MonthlyStats.parse(stats)) };
  }
}

/** Creates environments from the requests of the newest rounds. */
function* environmentFiles({ nodes, builds, requests }: History): Generator<GeneratedFile> {
  const newest = requests.filter((roots) => roots.length > 0).reverse();
  for (const [index, name] of ENVIRONMENTS.entries()) {
    const roots = newest[index]?.slice(0, LARGEST_ENVIRONMENT);
    if (!roots) return;
    const specs = [...new Set(roots.map((root) => nodeOf(nodes, root).node.name))];
    const yaml = `spack:\n  specs:\n${specs.map((spec) => `  - ${spec}\n`).join('')}  concretizer:\n    unify: when_possible\n`;
    yield { path: `environments/${name}.yaml`, content: yaml };
    yield { path: `environments/${name}.lock.json`, content: lockText({ nodes, roots }) };
    const dates = roots.flatMap((root) => builds.get(root)?.published ?? []);
    const container = inventEnvironmentContainer(
      name,
      roots,
      writeDate(dates.sort((a, b) => a.getTime() - b.getTime()).at(-1) ?? new Date(0)),
    );
    yield { path: containerPath(environmentTag(name), container), content: toJson(container) };
  }
}

/** A `spack.lock` in Spack's format: compact, with unchanged nodes. */
function lockText({ nodes, roots }: { nodes: History['nodes']; roots: DagHash[] }): string {
  const texts = new Map(
    roots.flatMap((root) => dagOf(nodes, root)).map(({ node, text }) => [node.hash, text] as const),
  );
  const head = {
    _meta: { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 },
    spack: { version: '1.2.0.dev0', type: 'release' },
    roots: roots.map((hash) => ({ hash, spec: nodeOf(nodes, hash).node.name })),
  };
  const concrete = [...texts].map(([hash, text]) => `"${hash}":${text}`).join(',');
  const lock = `${JSON.stringify(head).slice(0, -1)},"concrete_specs":{${concrete}}}`;
  LockFile.parse(JSON.parse(lock));
  return lock;
}

function writeDate(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}

function toJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
