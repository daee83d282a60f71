import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { BuildRecord } from '../../site/schemas/build-record.ts';
import type { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import type { BuildInputs } from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { formatList, shortHash } from '../../site/lib/format.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { annotate, withGroup, withStoppedCommands } from '../github/actions.ts';
import { askSpackForSpecs, type SpecDescription } from '../spack/describe-specs.ts';
import { describeRecipes, installSpack, type RecipesCommit } from '../spack/install-spack.ts';
import { openSpack } from '../spack/open-spack.ts';
import { gatherRecipes } from '../spack/recipes.ts';
import { runSpack, type Spack } from '../spack/run-spack.ts';
import type { SpackOptions } from '../spack/spack-options.ts';
import { findThisCache, localMirror } from '../spack/this-cache.ts';
import { openHandedOn } from '../waves/handed-on.ts';
import { lockNodes, trimLock } from '../waves/part-folder.ts';
import { prepareInstallRoot, setClockAhead } from './machine.ts';
import { findFailures } from './failures.ts';
import { readInstallEvents, timesOf } from './install-events.ts';
import { pushBuilds, packView } from './push.ts';
import { composeRecord } from './record.ts';
import { readStageLogs } from './stage-log.ts';
import { formatJson } from '../../site/lib/json.ts';
import { readJson } from '../cli/files.ts';
import { readAllowedHashes } from '../concretize/plan-files.ts';

export interface BuildOptions extends SpackOptions {
  /** Folder that concretize wrote for this build. */
  plan: string;
  inputs: BuildInputs;
  /** Folder for the build cache and the record. */
  out: string;
  installRoot: string;
  paddedLength: BuildCacheSettings['paddedLength'];
  /** Time limit of the installation, in minutes from the start of this process. */
  minutes: number;
  installer: BuildCacheSettings['installer'];
  daysAhead: number;
  /** Folder with builds of earlier waves from hand-on, and the sha256 of its listing; undefined: none. */
  earlier: { folder: string; sha256: string } | undefined;
}

/** Spack's output, and when the time limit stopped it. */
interface Installation {
  output: string;
  /** Seconds since 1970. */
  stoppedAt: number | undefined;
}

/** Names of what a build writes into its output folder. */
export const BUILD_OUTPUT = /^(?:cache|record\.json|view\.json|view\.tar\.gz)$/;

/** Builds one plan with a real Spack and writes what succeeded: an unsigned build cache and a record. */
export async function buildPlan(options: BuildOptions): Promise<BuildRecord> {
  const home = resolve(options.home, 'build');
  const mirror = join(home, 'earlier');
  rmSync(mirror, { recursive: true, force: true });
  const lock = await takeEarlier(mirror, options);
  if (lock === undefined) return recordNothing(options.out);
  const environment = prepareEnvironment(options.plan, home, lock);
  const { spack, recipes } = await withGroup('Setting up Spack', () => setUp(home, mirror, options));
  const show = (text: string) => process.stderr.write(text);
  const installation = await withGroup('Installing', () =>
    withStoppedCommands(() => install(spack, environment, options, show)),
  );
  return withGroup('Writing the result', () =>
    withStoppedCommands(() => writeResult(spack, environment, installation, recipes, options)),
  );
}

/**
 * Makes a mirror of the builds that a part takes from earlier waves, and drops specs that failed in earlier
 * runs.
 * @returns the lock of what can be built with it; undefined when nothing can
 */
async function takeEarlier(
  mirror: string,
  { plan: folder, inputs, earlier }: BuildOptions,
): Promise<string | undefined> {
  const lockText = readFileSync(join(folder, 'spack.lock'), 'utf8');
  const { part: { earlier: wanted = [] } = {}, leftOut = [] } = inputs;
  if (wanted.length + leftOut.length === 0) return lockText;
  const nodes = lockNodes(lockText);
  const there = earlier && (await openHandedOn(earlier.folder, earlier.sha256, wanted, nodes, mirror));
  const missing = wanted.filter((hash) => !there?.has(hash));
  console.error(`${wanted.length - missing.length} of ${wanted.length} builds of earlier waves are here`);
  return trimLock(lockText, readAllowedHashes(join(folder, 'plan.txt')), new Set([...missing, ...leftOut]));
}

/** Writes the record of a part for which nothing that it needs was built. */
function recordNothing(out: string): BuildRecord {
  const record: BuildRecord = { failures: [], packages: [], environments: {}, built: [], reused: [] };
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'record.json'), formatJson(record));
  console.error('nothing is built: all of it needs builds that are missing from earlier waves');
  return record;
}

/** Copies the lock and its environment to a folder in which Spack may write. */
function prepareEnvironment(plan: string, home: string, lock: string): string {
  const environment = join(home, 'environment');
  rmSync(environment, { recursive: true, force: true });
  rmSync(join(home, 'stage'), { recursive: true, force: true });
  rmSync(eventsFile(environment), { force: true });
  mkdirSync(environment, { recursive: true });
  cpSync(join(plan, 'spack.yaml'), join(environment, 'spack.yaml'));
  writeFileSync(join(environment, 'spack.lock'), lock);
  return environment;
}

async function setUp(
  home: string,
  earlier: string,
  options: BuildOptions,
): Promise<{ spack: Spack; recipes: RecipesCommit }> {
  const { inputs, catalog, installRoot, paddedLength } = options;
  prepareInstallRoot(installRoot);
  const tools = resolve(options.home, 'tools');
  const installed = await installSpack(
    { spack: inputs.spack, packages: inputs.packages },
    tools,
    process.env,
  );
  const cache = await findThisCache(readCatalog(catalog), { ...options, directory: catalog });
  console.error(cache.message);
  const spack = await openSpack(home, {
    installed,
    recipes: await gatherRecipes(inputs.repositories, options.own, tools),
    // The builds of this run come first: they were checked; signing them is up to the publisher.
    cache: existsSync(earlier)
      ? { ...cache, mirrors: { earlier: localMirror(earlier), ...cache.mirrors } }
      : cache,
    microarchitecture: inputs.microarchitecture,
    installRoot,
    paddedLength,
  });
  return { spack, recipes: await describeRecipes(installed) };
}

/** Installs the lock's specs; a failed one stops only those that need it. */
async function install(
  spack: Spack,
  environment: string,
  { inputs, installer, minutes, daysAhead }: BuildOptions,
  onText: (text: string) => void,
): Promise<Installation> {
  const script = join(import.meta.dirname, '../spack/install.py');
  const args = ['-e', environment, 'python', script, eventsFile(environment), installer];
  // Fetching Spack and the recipes has used some of GitHub's six hours.
  const timeLimitMs = (minutes * 60 - process.uptime()) * 1_000;
  const end = Date.now() + timeLimitMs;
  const options = { onText, timeLimitMs };
  const later = { ...spack, environment: { ...spack.environment, ...setClockAhead(daysAhead) } };
  const { output, timedOut } = await runSpack(later, [...args, ...inputs.request.flags], options);
  return { output, stoppedAt: timedOut ? end / 1_000 : undefined };
}

function eventsFile(environment: string): string {
  return join(dirname(environment), 'install-events.jsonl');
}

async function writeResult(
  spack: Spack,
  environment: string,
  installation: Installation,
  recipes: RecipesCommit,
  { plan: folder, inputs, out, home, minutes, installRoot }: BuildOptions,
): Promise<BuildRecord> {
  const plan = readAllowedHashes(join(folder, 'plan.txt'));
  const description = await askSpackForSpecs(spack, environment, [...plan].join('\n'));
  const planned = description.specs.filter(({ hash }) => plan.has(hash));
  // A planned spec that is installed without a build came from another mirror of the environment. Publish it,
  // too.
  const there = planned.filter(({ state }) => state !== 'missing').map(({ hash }) => hash);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const lock = readJson(join(folder, 'spack.lock'), LockFile, {
    expected: 'a spack.lock',
    advice: 'solve it again',
  });
  const nodes = Object.entries(lock.concrete_specs);
  const pushed = await pushBuilds(
    spack,
    {
      environment,
      hashes: there,
      hasSplices: nodes.some(([, { build_spec: built }]) => built !== undefined),
      folder: resolve(out, 'cache'),
    },
    (text) => process.stderr.write(text),
  );
  const roots = new Set(inputs.part?.asked ?? lock.roots.map(({ hash }) => hash));
  reportTaken(planned, pushed);
  const traces = readInstallEvents(eventsFile(environment));
  const failures = findFailures({
    ...installation,
    traces,
    specs: planned,
    roots,
    dependencies: new Map(nodes.map(([hash, node]) => [hash, node.dependencies.map((edge) => edge.hash)])),
    logs: await readStageLogs(resolve(home, 'build/stage')),
    withTests: inputs.request.flags.some((flag) => flag.startsWith('--test')),
    limit: `${minutes} minutes`,
  });
  const { environment: name, container } = inputs.request;
  const wantsView = name !== undefined && container && installation.stoppedAt === undefined;
  const madeView = wantsView ? await packView(spack, environment, { name, installRoot, out }) : {};
  const record = composeRecord(description, {
    pushed,
    roots,
    failures,
    recipes,
    ...madeView,
    times: timesOf(traces),
  });
  writeFileSync(join(out, 'record.json'), formatJson(record));
  return record;
}

/**
 * Reports planned builds that Spack took from another mirror of the environment, and which are not
 * publishable.
 */
function reportTaken(planned: readonly SpecDescription[], pushed: ReadonlySet<DagHash>): void {
  const taken = planned.filter(({ state }) => state === 'reused');
  const list = (specs: readonly SpecDescription[]) =>
    formatList(
      specs.map(({ name, hash }) => `${name}/${shortHash(hash)}`),
      20,
    );
  const published = taken.filter(({ hash }) => pushed.has(hash));
  const lost = taken.filter(({ hash }) => !pushed.has(hash));
  if (published.length > 0)
    annotate(
      'notice',
      `${published.length} binaries come from another mirror of the environment and are published here too: ${list(published)}`,
    );
  if (lost.length > 0)
    annotate(
      'warning',
      `${lost.length} binaries of another mirror cannot be published here, so builds that need them are incomplete without that mirror: ${list(lost)}`,
    );
}
