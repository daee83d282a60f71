import { join } from 'node:path';
import { formatList } from '../../site/lib/format.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { lockRecorder } from '../concretize/environment-locks.ts';
import { annotate, setOutput } from '../github/actions.ts';
import type { GitHub } from '../github/api.ts';
import { readDate, readOrigin } from '../publish/origin.ts';
import { parseMatrix, readDivided, readPlanFolder, REQUESTS_FOLDER } from '../receive/plan-folder.ts';
import { type Change, partOf, readChanges } from './changes.ts';
import { commitFiles, describeChanges, type Committed } from './commit-files.ts';
import { takeCatalog } from './take-catalog.ts';
import pMap from 'p-map';
import { Build } from '../../site/schemas/build.ts';
import type { FindRegistry } from '../oci/open-registry.ts';
import { readFiles } from './branch.ts';

/** Maximum number of rounds. Each loss requires another run that commits within the seconds of one round. */
const MAX_ROUNDS = 20;

/** The run whose locks are recorded. */
export interface PlannedRun {
  plans: string;
  /** JSON as for `receive --matrix`. */
  matrix: string;
  /** sha256 as for `receive --divided`. */
  divided?: string | undefined;
  /** Environments whose `spack.yaml` has changed. */
  changed: readonly string[];
}

interface CatalogCommit {
  github: GitHub;
  branch: string;
  /** The catalog's folder, in a git checkout. */
  catalog: string;
  /** First line of the message. Absent: a description of the changes. */
  headline?: string | undefined;
  /** Absent: a lock that another run committed first is only reported. */
  run?: PlannedRun | undefined;
  environment: ProcessEnvironment;
}

/**
 * Commits a catalog's changes. While another run was first with a lock of an environment, updates the catalog
 * from the branch, records the lock of this run unless that of a newer run has precedence, and commits again.
 * The output `committed` counts the files from the first commit on.
 */
export async function commitCatalog(options: CatalogCommit): Promise<Committed & { changes: Change[] }> {
  const { branch, catalog, run, environment } = options;
  const result = { ...(await commitChanges(options, 0)) };
  const changed = new Set(run?.changed);
  const others = result.lost.filter(({ path }) => environmentOf(path) === undefined).length;
  if (others > 0)
    annotate('notice', `another run committed ${others} of these files first; its versions are kept`);
  for (let round = 1; ; round += 1) {
    const names = [...new Set(result.lost.flatMap(({ path }) => environmentOf(path) ?? []))];
    if (names.length === 0) return result;
    const what = `another run committed a lock of ${formatList(names, 10)} meanwhile`;
    if (!run) {
      annotate(
        'notice',
        `${what}: run take-catalog, receive and commit again to record that of the newer run`,
      );
      return result;
    }
    if (round > MAX_ROUNDS) throw new Error(`${what}, ${MAX_ROUNDS} times in a row; run this job again`);
    console.error(`${what}: that of the newer run is to stay, so this one is compared with it`);
    for (const name of (await takeCatalog(catalog, branch, environment)).changed) changed.add(name);
    recordLocks(new Set(names), { ...run, changed }, options);
    const { commits, files, lost, head } = await commitChanges(options, result.files);
    result.commits.push(...commits);
    result.files += files;
    result.head = head;
    result.lost = [...result.lost.filter(({ path }) => environmentOf(path) === undefined), ...lost];
  }
}

async function commitChanges(
  { github, branch, catalog, headline, environment }: CatalogCommit,
  filesBefore: number,
): Promise<Committed & { changes: Change[] }> {
  const local = await readChanges(catalog);
  const described = describeChanges(local.changes, readOrigin(environment).run);
  const committed = await commitFiles(
    github,
    branch,
    local,
    { ...described, ...(headline ? { headline } : {}) },
    // Set before anything else can fail, since committed files must be deployed.
    (files) => setOutput('committed', String(filesBefore + files)),
  );
  return { ...committed, changes: local.changes };
}

function recordLocks(
  names: ReadonlySet<string>,
  { plans, matrix, divided, changed }: Omit<PlannedRun, 'changed'> & { changed: ReadonlySet<string> },
  { catalog, environment }: CatalogCommit,
): void {
  const { run } = readOrigin(environment);
  const date = readDate(environment, new Date());
  const shared = divided ? readDivided(plans, divided).requests : [];
  for (const { inputs, lockText } of [
    ...parseMatrix(matrix).map((entry) => readPlanFolder(plans, entry)),
    ...shared.map((entry) => readPlanFolder(join(plans, REQUESTS_FOLDER), entry)),
  ])
    if (names.has(inputs.request.environment ?? ''))
      lockRecorder(inputs.request, lockText, { catalogDirectory: catalog, changed, run, date })();
}

/** The environment whose lock, or newer lock that waits for builds, a file is. */
function environmentOf(path: string): string | undefined {
  return /(?:^|\/)environments\/([^/]+)\.(?:lock|solved)\.json$/.exec(path)?.[1];
}

/**
 * Points the tags of builds back to the images in the records of another publisher that committed the same
 * builds first, since our push may have been the last.
 * @returns the tags that were pointed back
 */
export async function yieldTags(
  github: GitHub,
  head: string,
  lost: readonly Change[],
  findRegistry: FindRegistry,
): Promise<string[]> {
  const paths = lost.map(({ path }) => path).filter((path) => partOf(path) === 'build');
  const files = await readFiles(github, head, paths, { withText: true });
  const pointed: string[] = [];
  for (const path of paths) {
    const text = files.get(path)?.text;
    if (text === undefined) continue;
    const { image } = Build.parse(JSON.parse(text));
    const registry = findRegistry({ image });
    if ((await registry.describeTag(image.tag))?.digest === image.digest) continue;
    await registry.pointTag(image.tag, image.digest);
    pointed.push(image.tag);
  }
  return pointed;
}

/** Concurrent requests to the registry. */
const CONCURRENCY = 8;

/**
 * Reports the builds of a commit whose tag is missing in the registry, as when `prune` has deleted an image
 * that this run had found there. Publishing them again pushes it.
 * @param lost changes that another run committed first
 * @returns the number of missing images
 */
export async function reportMissingImages(
  changes: readonly Change[],
  lost: readonly Change[],
  findRegistry: FindRegistry,
): Promise<number> {
  const builds = changes
    .filter((change) => !lost.includes(change))
    .flatMap(({ path, content }) =>
      content && partOf(path) === 'build' ? [Build.parse(JSON.parse(content.toString('utf8')))] : [],
    );
  const descriptors = await pMap(builds, (build) => findRegistry(build).describeTag(build.image.tag), {
    concurrency: CONCURRENCY,
  });
  const missing = builds.filter((_, index) => descriptors[index] === undefined);
  for (const { image } of missing)
    annotate(
      'warning',
      `${image.tag}: the registry has lost this image since this run saw it; publish it again`,
    );
  return missing.length;
}
