import {
  BuildRecord,
  MAX_VIEW_PROBLEM,
  RecordedPackage,
  type RecordedFailure,
} from '../../site/schemas/build-record.ts';
import type { BuildInputs } from '../../site/schemas/build-request.ts';
import type { BuildTimes } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { describeRequest } from '../concretize/report.ts';
import { addSummary, annotate, escapeMarkdown } from '../github/actions.ts';
import type { RecipesCommit } from '../spack/install-spack.ts';
import type { Description, PackageDescription, SpecDescription } from '../spack/describe-specs.ts';

/** Maximum length of a variable's value, in characters. Longer ones are left out. */
const MAX_VALUE = 100_000;
/**
 * Limit for all run environments together, in characters: paths are long, and large environments have
 * thousands.
 */
const MAX_ENVIRONMENTS = 8_000_000;

/** The outcome of a build, except Spack's description of the specs. */
export interface BuildResult {
  /** Hashes in the build cache of the artifact. */
  pushed: ReadonlySet<DagHash>;
  roots: ReadonlySet<DagHash>;
  failures: readonly RecordedFailure[];
  recipes: RecipesCommit;
  /** Variables of the environment's view. */
  view?: Record<string, string> | undefined;
  /** Reason why it has no view. */
  viewProblem?: string | undefined;
  times?: ReadonlyMap<DagHash, BuildTimes>;
}

/**
 * Composes the record of a build within the limits. Leaves out the rest; run environments of roots go last.
 */
export function composeRecord(description: Description, result: BuildResult): BuildRecord {
  const { pushed, roots, failures, recipes, view, viewProblem, times = new Map() } = result;
  const built = description.specs.filter(({ hash }) => pushed.has(hash));
  // Include roots that came from the cache: they may be published as containers.
  const specs = description.specs.filter(({ hash }) => pushed.has(hash) || roots.has(hash));
  const rootsFirst = [...specs].sort((a, b) => Number(roots.has(b.hash)) - Number(roots.has(a.hash)));
  return BuildRecord.parse({
    failures: failures.slice(0, 2_000),
    packages: description.packages.flatMap((details) => packageDescription(details, recipes)),
    environments: composeEnvironments(rootsFirst),
    ...(view ? { view: cleanVariables(view) } : {}),
    ...(viewProblem === undefined ? {} : { viewProblem: viewProblem.slice(0, MAX_VIEW_PROBLEM) }),
    built: built.map(({ hash }) => hash),
    ...(times.size > 0 ? { times: Object.fromEntries([...times].filter(([hash]) => pushed.has(hash))) } : {}),
    reused: description.specs
      .filter(({ state, hash }) => state === 'reused' && !pushed.has(hash))
      .map(({ hash }) => hash),
  });
}

function composeEnvironments(specs: readonly SpecDescription[]): BuildRecord['environments'] {
  const environments: BuildRecord['environments'] = {};
  let room = MAX_ENVIRONMENTS;
  for (const { hash, environment } of specs) {
    const variables = cleanVariables(environment);
    room -= JSON.stringify(variables).length;
    if (room < 0) break;
    environments[hash] = variables;
  }
  return environments;
}

/** A package for the catalog's record; empty when even its name does not fit. */
export function packageDescription(described: PackageDescription, recipes: RecipesCommit): RecordedPackage[] {
  const { name, description, homepage, licenses, maintainers, tags } = described;
  const record = {
    name,
    description: description.slice(0, 10_000),
    ...(RecordedPackage.shape.homepage.safeParse(homepage).success ? { homepage } : {}),
    licenses: licenses.filter((text) => text.length <= 500).slice(0, 50),
    maintainers: maintainers.filter((text) => text.length <= 100).slice(0, 100),
    tags: tags.filter((text) => text.length <= 100).slice(0, 100),
    ...recipes,
  };
  const result = RecordedPackage.safeParse(record);
  return result.success ? [result.data] : [];
}

function cleanVariables(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => /^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(name) && value.length <= MAX_VALUE,
    ),
  );
}

/** Reports the outcome of a build: summary, annotations, and a last line with the counts. */
export function reportBuild(
  { request }: BuildInputs,
  { built, reused, failures }: BuildRecord,
  daysAhead = 0,
): void {
  const what = describeRequest(request);
  for (const { spec, kind, phase } of failures) {
    annotate('warning', `${spec.slice(0, 200)}: ${kind}${phase === undefined ? '' : ` (phase ${phase})`}`);
  }
  const rows = failures.map(
    ({ spec, kind, phase, line, log }) =>
      `| ${escapeMarkdown(spec.slice(0, 300))} | ${kind} | ${escapeMarkdown(phase ?? '')} | ${escapeMarkdown((line ?? log.at(-1) ?? '').slice(0, 300))} |`,
  );
  const table =
    rows.length === 0
      ? []
      : ['', '| failed | kind | phase | message |', '| --- | --- | --- | --- |', ...rows];
  const counts = `${built.length} built, ${reused.length} taken from this cache, ${failures.length} failed`;
  addSummary(
    [`### ${escapeMarkdown(what)} for ${escapeMarkdown(request.target)}`, '', counts, ...table].join('\n'),
  );
  console.error(`${what}: ${counts}`);
  if (daysAhead > 0 && failures.length > 0)
    annotate(
      'notice',
      `the clock of build scripts was ${daysAhead} days ahead: builds that download may find expired certificates; ` +
        'build again with the real time',
    );
}
