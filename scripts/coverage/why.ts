import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { shortHash } from '../../site/lib/format.ts';
import { parseJson } from '../../site/lib/json.ts';
import { digestFrom, DagHash, Sha256 } from '../../site/schemas/digest.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { printable } from '../cli/command.ts';
import { digestOf } from '../cli/digest.ts';
import { readIfThere } from '../cli/files.ts';
import { getText } from '../http/request.ts';
import { lastLines, readAnswer, runSpack } from '../spack/run-spack.ts';

/**
 * Limit for an index: that of a large cache has about 100 MB, and its bytes and text are in memory together.
 */
const LIMIT_BYTES = 160 * 2 ** 20;

/** Reasons why a node is built, ordered from those that no request can change to those that depend on it. */
const CAUSE_KINDS = [
  'not-in-cache',
  'index',
  'key',
  'libc',
  'target',
  'os',
  'version',
  'variant',
  'compiler',
  'build-dependency',
  'dependency',
  'recipe',
  'reuse',
  'follows',
  'other',
] as const;

/** Output of `why.py`. */
export const WhyAnswer = z.object({
  /** Seconds of the solve, and of the one that tries the change. */
  seconds: z.array(z.number()),
  /** Reason why Spack finds no solution; empty if it finds one. */
  error: z.string(),
  /** The spec and its run-time dependencies, the spec first, without externals. */
  nodes: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      hash: DagHash,
      /** Whether the cache has a binary. */
      cached: z.boolean(),
      installed: z.boolean(),
    }),
  ),
  /** The deciding fact for each node that would be built. */
  causes: z.array(
    z.object({
      name: z.string(),
      hash: DagHash,
      kind: z.enum(CAUSE_KINDS),
      detail: z.string(),
      /** The most similar build in the cache; empty when there is none. */
      nearest: z.union([DagHash, z.literal('')]),
      /** Line to type; empty when nothing helps. */
      line: z.string(),
    }),
  ),
  /** Whether Spack uses the most similar build after the first line was typed; null: not tried. */
  verified: z.boolean().nullable(),
});
export type WhyAnswer = z.infer<typeof WhyAnswer>;

export interface WhyOptions {
  cache: string;
  spack: string;
  environment?: string;
  config?: string[];
  /** Whether to try the proposed change with a second solve. */
  try: boolean;
}

/** Runs the consumer's Spack with the given arguments. */
type RunOwnSpack = (args: string[]) => Promise<{ code: number; output: string }>;

const Manifest = z.object({ data: z.array(z.object({ checksum: Sha256 })).min(1) });
const KeyIndex = z.object({ keys: z.record(z.string(), z.unknown()) });

/** Asks the consumer's own Spack, with its configuration, why it would build a spec. */
export async function explainBuild(
  spec: string,
  options: WhyOptions,
  run: RunOwnSpack = (args) =>
    runSpack({ program: options.spack, environment: process.env as Record<string, string> }, args),
): Promise<WhyAnswer> {
  const url = options.cache.replace(/\/+$/, '');
  if (!URL.canParse(url))
    throw new Error(`${options.cache}: expected an address such as https://owner.github.io/repo`);
  const index = await readBlob(url, 'v3/manifests/index/index.manifest.json');
  if (index === undefined)
    throw new Error(`${url}: expected a build cache with an index, found none; check the address`);
  const keyIndex = await readBlob(url, 'v3/manifests/key/keys.manifest.json');
  const keys =
    keyIndex === undefined
      ? {}
      : parseJson(keyIndex, KeyIndex, {
          where: `${url}: its list of keys`,
          expected: 'a list of keys as Spack writes it',
          advice: 'check the address',
        }).keys;
  return withTemporaryFolder(async (folder) => {
    const [indexFile, question, answer] = ['index', 'question', 'answer'].map((name) =>
      join(folder, `${name}.json`),
    ) as [string, string, string];
    writeFileSync(indexFile, index);
    writeFileSync(
      question,
      JSON.stringify({ spec, url, index: indexFile, keys: Object.keys(keys), solver: options.try }),
    );
    const script = join(import.meta.dirname, '../spack/why.py');
    const scopes = (options.config ?? []).flatMap((scope) => ['--config-scope', scope]);
    const environment = options.environment === undefined ? [] : ['-e', options.environment];
    const { code, output } = await run([...scopes, ...environment, 'python', script, question, answer]);
    if (code !== 0) throw new Error(`${options.spack} ended with ${code}: ${lastLines(output, 3).join(' ')}`);
    return readAnswer(answer, 'why.py', WhyAnswer);
  });
}

/** The blob that a manifest of the mirror points to; undefined when there is no such manifest. */
async function readBlob(url: string, path: string): Promise<string | undefined> {
  const manifest = await readText(`${url}/${path}`);
  if (manifest === undefined) return undefined;
  const where = `${url}/${path}`;
  const { data } = parseJson(manifest, Manifest, {
    where,
    expected: 'a manifest',
    advice: 'check the address',
  });
  const checksum = data[0]?.checksum ?? '';
  const text = await readText(`${url}/blobs/sha256/${checksum.slice(0, 2)}/${checksum}`);
  if (text === undefined || digestOf(text) !== digestFrom(checksum))
    throw new Error(
      `${where}: expected a blob with the sha256 ${checksum}, found a different one or none; try again`,
    );
  return text;
}

async function readText(url: string): Promise<string | undefined> {
  if (!url.startsWith('file://')) return getText(url, LIMIT_BYTES);
  return readIfThere(fileURLToPath(url))?.toString();
}

/**
 * The answer for people: the first cause in full, then one line per remaining node. Names come from the
 * cache's index, so control characters are escaped, and a line to type remains a single line.
 */
export function describeCauses({ nodes, causes, error, verified }: WhyAnswer): string {
  if (error !== '') return printable(`Spack finds no solution, with or without a cache: ${error}`);
  const here = nodes.filter(({ cached }) => cached).length;
  const counted =
    nodes.length === 0
      ? 'Spack finds no solution yet.'
      : `${here} of ${nodes.length} specs have a binary in the cache.`;
  const [first, ...others] = causes;
  if (first === undefined) return `${counted} Nothing is built from source.`;
  const tried =
    verified === null
      ? ''
      : verified
        ? 'Tried: with this change Spack uses the build of the cache.'
        : 'Tried: with this change alone Spack still builds it.';
  const nearest = first.nearest === '' ? [] : [`  nearest build: ${first.name}/${shortHash(first.nearest)}`];
  return [
    counted,
    '',
    `${first.name}/${shortHash(first.hash)} is ${nodes.length === 0 ? 'needed' : 'built'}: ${first.kind}`,
    `  ${first.detail}`,
    ...nearest,
    ...(first.line === '' ? [] : ['', `  ${first.line}`, '']),
    ...(tried === '' ? [] : [tried]),
    ...others.map(({ name, hash, kind, detail }) => `${name}/${shortHash(hash)}: ${kind}: ${detail}`),
  ]
    .map(printable)
    .join('\n');
}
