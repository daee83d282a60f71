import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { DagHash } from '../../site/schemas/digest.ts';
import { PackageName, targetOf } from '../../site/schemas/node.ts';
import { topologicalOrder } from '../../site/lib/spack/dag.ts';
import type { SourceBuild } from './source.ts';

/** In characters. A node of an index has about a thousand. */
const RECORD_LIMIT = 4_000_000;

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
export interface IndexedBuild extends SourceBuild {
  /** `linux-debian12-x86_64_v3` */
  arch: string;
  /** Candidates like `gcc-12.2.0`, most likely first. */
  compilers: string[];
}

/**
 * Reads the builds of an index as a stream, dependencies first: an index of 100,000 builds has a GB.
 * @param where name of the index in errors
 */
export async function readIndexFile(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
): Promise<IndexedBuild[]> {
  const builds = new Map<DagHash, IndexedBuild & { edges: Edges }>();
  const names = new Map<DagHash, string>();
  const externals = new Set<DagHash>();
  for await (const { hash, text } of readInstalls(chunks, where)) {
    const { spec, in_buildcache: isThere } = parseRecord(text, `${where}: ${hash}`);
    names.set(hash, `${spec.name}-${spec.version}`);
    if (spec.external) externals.add(hash);
    if (isThere !== true) continue;
    builds.set(hash, { ...describeBuild(spec, DagHash.parse(hash)), edges: spec.dependencies ?? [] });
  }
  if (names.size === 0)
    throw new Error(
      `${where}: expected the index of a build cache, found no builds; run \`spack buildcache update-index\``,
    );
  return sortBuilds(
    [...builds.values()].map(({ edges, ...build }) => ({
      ...build,
      needs: build.needs.filter((need) => !externals.has(need)),
      compilers: compilersOf(build, edges, names),
    })),
  );
}

/** Sorts builds so that each comes after its dependencies, and otherwise by name and hash. */
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

type Edges = NonNullable<IndexRecord['spec']['dependencies']>;

function describeBuild(spec: IndexRecord['spec'], hash: DagHash): IndexedBuild {
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
    places: [],
    arch: `${arch.platform}-${arch.platform_os}-${target}`,
    compilers: compilers.filter((text) => text !== undefined),
  };
}

/**
 * The compilers of a build. In specfile version 5 a compiler is a dependency. Source: Spack's
 * `DeprecatedCompilerSpec`.
 */
function compilersOf(
  { compilers }: IndexedBuild,
  edges: Edges,
  names: ReadonlyMap<DagHash, string>,
): string[] {
  const providers = ['c', 'cxx', 'fortran'].flatMap((language) => {
    const edge = edges.find(({ parameters }) => parameters?.virtuals?.includes(language));
    return (edge && names.get(edge.hash)) ?? [];
  });
  return [...new Set([...compilers, ...providers, 'none-none'])];
}

function parseRecord(text: string, where: string): IndexRecord {
  return parseJson(text, IndexRecord, {
    where,
    expected: 'a record of an index as Spack 0.18 or newer writes it',
    advice: 'run `spack buildcache update-index` with a newer Spack',
  });
}

/** The texts in `database.installs` with their hashes, in the order of the file. */
async function* readInstalls(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
): AsyncGenerator<{ hash: string; text: string }> {
  const decoder = new TextDecoder();
  const keys: string[] = [];
  let depth = 0;
  /** The last string at these depths, which is a key when a colon follows. */
  let string: string | undefined;
  let isString = false;
  let isEscaped = false;
  let record: string[] | undefined;
  let recordLength = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text[at] ?? '';
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (unit === '\\') isEscaped = true;
        else if (unit === '"') isString = false;
        if (isString && string !== undefined && depth < 4) string += unit;
      } else if (unit === '"') {
        isString = true;
        if (depth < 4) string = '';
      } else if (unit === ':' && depth < 4) keys[depth] = string ?? '';
      else if (unit === '{' || unit === '[') {
        depth += 1;
        if (depth === 4 && keys[1] === 'database' && keys[2] === 'installs') {
          record = [];
          recordLength = 0;
          start = at;
        }
      } else if (unit === '}' || unit === ']') {
        depth -= 1;
        if (depth === 3 && record) {
          record.push(text.slice(start, at + 1));
          yield { hash: keys[3] ?? '', text: record.join('') };
          record = undefined;
        }
      }
    }
    if (!record) continue;
    record.push(text.slice(start));
    recordLength += text.length - start;
    if (recordLength > RECORD_LIMIT)
      throw new Error(`${where}: expected records of at most ${RECORD_LIMIT} characters, found a longer one`);
  }
}
