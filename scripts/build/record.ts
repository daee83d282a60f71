import { BuildRecord, RecordedPackage } from '../../site/schemas/build-record.ts';
import type { RecordedFailure } from '../../site/schemas/build-record.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Description, PackageDescription } from '../spack/describe-specs.ts';

/** Commit of the recipes and its date; both absent where they are not known. */
export interface RecipesCommit {
  commit?: string;
  commitDate?: string;
}

const MAX_VALUE = 100_000;

/** Composes the record of a build: within the limits, what does not fit is left out. */
export function composeRecord(
  description: Description,
  pushed: ReadonlySet<DagHash>,
  failures: readonly RecordedFailure[],
  recipes: RecipesCommit,
): BuildRecord {
  const { specs, packages } = description;
  const environments = specs
    .filter(({ hash }) => pushed.has(hash))
    .map(({ hash, environment }) => [hash, cleanVariables(environment)] as const);
  return BuildRecord.parse({
    failures: failures.slice(0, 2_000),
    packages: packages.flatMap((one) => describePackage(one, recipes)),
    environments: Object.fromEntries(environments),
    built: specs.filter(({ hash }) => pushed.has(hash)).map(({ hash }) => hash),
    reused: specs.filter(({ state }) => state === 'reused').map(({ hash }) => hash),
  });
}

/** A package as the catalog takes it; none when even its name does not fit. */
function describePackage(described: PackageDescription, recipes: RecipesCommit): RecordedPackage[] {
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
