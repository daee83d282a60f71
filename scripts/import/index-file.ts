import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { DagHash } from '../../site/schemas/digest.ts';
import { PackageName, targetOf } from '../../site/schemas/node.ts';
import { topologicalOrder } from '../../site/lib/spack/dag.ts';
import { attempt } from '../build-cache/build-cache.ts';
import { quote } from '../build-cache/quote.ts';
import type { SourceBuild } from './source.ts';

/** In characters. A node of an index has about a thousand. */
const RECORD_LIMIT = 4_000_000;
/** In characters: a key, punctuation and indentation. */
const BETWEEN_RECORDS_LIMIT = 1_000_000;
/** In characters. An index of 100,000 builds has a GB. */
const INDEX_LIMIT = 3_000_000_000;
const MOST_RECORDS = 250_000;

const IN_PARTS = 'import it in parts, from mirrors that have less';

const Name = z.object({ name: z.string(), version: z.string() });
/** The used fields of a record in an index of database version 6 to 8. */
const IndexRecord = z.object({
  spec: z.object({
    name: PackageName,
    version: z.string().max(200),
    arch: z.object({
      platform: z.string(),
      platform_os: z.string(),
      target: z.union([z.string(), z.object({ name: z.string() })]),
    }),
    compiler: Name.optional(),
    annotations: z.object({ compiler: z.string().optional() }).optional(),
    /** Present for packages of the system, of which no cache has a binary. */
    external: z.unknown().optional(),
    dependencies: z
      .array(
        z.object({
          hash: DagHash,
          type: z.array(z.string()).optional(),
          parameters: z
            .object({ deptypes: z.array(z.string()), virtuals: z.array(z.string()).optional() })
            .optional(),
        }),
      )
      .optional(),
  }),
  in_buildcache: z.boolean().optional(),
});
type IndexRecord = z.infer<typeof IndexRecord>;

/** A build of an index, with the parts of its file names in layout v2. */
export interface IndexedBuild extends Omit<SourceBuild, 'places'> {
  /** `linux-debian12-x86_64_v3` */
  arch: string;
  /** Candidates like `gcc-12.2.0`, most likely first. */
  compilers: string[];
}

/**
 * Reads the builds of an index as a stream, dependencies first: an index of 100,000 builds has a GB.
 * @param where name of the index in errors
 * @param placesOf places of a build's files, if its name, version and hash do not tell them
 */
export async function readIndexFile(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
  placesOf: (build: IndexedBuild) => string[] = () => [],
): Promise<SourceBuild[]> {
  const builds = new Map<DagHash, IndexedBuild & { providers: DagHash[] }>();
  const names = new Map<DagHash, string>();
  const externals = new Set<DagHash>();
  let records = 0;
  for await (const { hash: key, text } of readInstalls(chunks, where)) {
    // A copy, since a slice would keep its whole chunk in memory.
    const hash = Buffer.from(key).toString();
    if (!DagHash.safeParse(hash).success)
      throw new Error(`${where}: expected DAG hashes as the names of records, found ${quote(hash)}`);
    const { spec, in_buildcache: isThere } = parseRecord(text, `${where}: ${hash}`);
    names.set(hash, `${spec.name}-${spec.version}`);
    records += 1;
    if (records > MOST_RECORDS)
      throw new Error(`${where}: expected at most ${MOST_RECORDS} records, found more; ${IN_PARTS}`);
    if (spec.external) externals.add(hash);
    if (isThere !== true) continue;
    builds.set(hash, describeBuild(spec, hash));
  }
  if (names.size === 0)
    throw new Error(
      `${where}: expected the index of a build cache, found no builds; run \`spack buildcache update-index\``,
    );
  const described = [...builds.values()].map(({ providers, arch, compilers, ...build }) => {
    const provided = providers.flatMap((hash) => names.get(hash) ?? []);
    return {
      ...build,
      needs: build.needs.filter((need) => !externals.has(need)),
      places: placesOf({ ...build, arch, compilers: [...new Set([...compilers, ...provided, 'none-none'])] }),
    };
  });
  return attempt(where, 'update the index with Spack', () => sortBuilds(described));
}

/** Sorts builds so that each comes after its dependencies, and otherwise by name and hash. Throws on a cycle. */
export function sortBuilds<T extends SourceBuild>(builds: readonly T[]): T[] {
  const byHash = new Map(builds.map((build) => [build.hash, build]));
  const sorted = new Set<T>();
  const ordered = builds.toSorted((a, b) => compareTexts(`${a.name} ${a.hash}`, `${b.name} ${b.hash}`));
  for (const { hash } of ordered) {
    const order = topologicalOrder(hash, (parent) => {
      const build = byHash.get(parent);
      return build && !sorted.has(build) ? build.needs.filter((need) => byHash.has(need)) : [];
    });
    for (const needed of order.toReversed()) {
      const build = byHash.get(needed);
      if (build) sorted.add(build);
    }
  }
  return [...sorted];
}

function describeBuild(spec: IndexRecord['spec'], hash: DagHash): IndexedBuild & { providers: DagHash[] } {
  const { name, version, arch, compiler, annotations, dependencies = [] } = spec;
  const target = targetOf({ arch });
  const annotated = annotations?.compiler?.replace(/@=?/, '-');
  const compilers = [annotated, compiler && `${compiler.name}-${compiler.version}`];
  return {
    name,
    version,
    hash,
    target,
    needs: dependencies
      .filter(({ type, parameters }) =>
        (type ?? parameters?.deptypes ?? []).some((kind) => kind === 'link' || kind === 'run'),
      )
      .map((dependency) => dependency.hash),
    arch: `${arch.platform}-${arch.platform_os}-${target}`,
    compilers: compilers.filter((text) => text !== undefined),
    // In specfile version 5 a compiler is a dependency. Source: Spack's `DeprecatedCompilerSpec`.
    providers: ['c', 'cxx', 'fortran'].flatMap((language) => {
      const edge = dependencies.find(({ parameters }) => parameters?.virtuals?.includes(language));
      return edge?.hash ?? [];
    }),
  };
}

function parseRecord(text: string, where: string): IndexRecord {
  return parseJson(text, IndexRecord, {
    where,
    expected: 'a record of an index as Spack 0.18 or newer writes it',
    advice: 'run `spack buildcache update-index` with a newer Spack',
  });
}

/** Units of JSON that matter inside a string, and outside. */
const IN_STRING = /["\\]/g;
const OUTSIDE = /["{}[\]:]/g;

/** The texts in `database.installs` with their hashes, in the order of the file. */
async function* readInstalls(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
): AsyncGenerator<{ hash: string; text: string }> {
  const decoder = new TextDecoder();
  const keys: string[] = [];
  let depth = 0;
  /** The last string outside records, which is a key when a colon follows. */
  let string = '';
  let isString = false;
  let isEscaped = false;
  let record: string[] | undefined;
  const lengths = { index: 0, record: 0, between: 0 };
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    lengths.index += text.length;
    /** Beginning of the record, or of what follows the last one. */
    let start = 0;
    let at: number = isEscaped ? 1 : 0;
    let stringStart = 0;
    isEscaped = false;
    while (at < text.length) {
      const units = isString ? IN_STRING : OUTSIDE;
      units.lastIndex = at;
      const [unit] = units.exec(text) ?? [];
      if (unit === undefined) break;
      at = units.lastIndex;
      if (unit === '\\') {
        isEscaped = at === text.length;
        at += 1;
      } else if (unit === '"') {
        if (isString) string += record ? '' : text.slice(stringStart, at - 1);
        else string = '';
        isString = !isString;
        stringStart = at;
      } else if (unit === ':') {
        if (!record) keys[depth] = string;
      } else if (unit === '{' || unit === '[') {
        depth += 1;
        if (depth === 4 && keys[1] === 'database' && keys[2] === 'installs') {
          record = [];
          lengths.record = 0;
          start = at - 1;
        }
      } else {
        depth -= 1;
        if (depth !== 3 || !record) continue;
        record.push(text.slice(start, at));
        yield { hash: keys[3] ?? '', text: record.join('') };
        record = undefined;
        lengths.between = 0;
        start = at;
      }
    }
    if (isString && !record) string += text.slice(stringStart);
    if (record) record.push(text.slice(start));
    lengths[record ? 'record' : 'between'] += text.length - start;
    expectBounded(lengths, where);
  }
}

/** Throws for an index that no cache has, such as one that never ends. */
function expectBounded(
  { index, record, between }: Record<'index' | 'record' | 'between', number>,
  where: string,
): void {
  if (index > INDEX_LIMIT)
    throw new Error(`${where}: expected at most ${INDEX_LIMIT} characters, found more; ${IN_PARTS}`);
  if (record > RECORD_LIMIT)
    throw new Error(`${where}: expected records of at most ${RECORD_LIMIT} characters, found a longer one`);
  if (between > BETWEEN_RECORDS_LIMIT)
    throw new Error(
      `${where}: expected the index of a build cache, found ${between} characters without a record of a build`,
    );
}
