import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { shortHash } from '../../site/lib/format.ts';
import { parseJson } from '../../site/lib/json.ts';
import { DagHash, mirrorBlobPath } from '../../site/schemas/digest.ts';
import { withTemporaryFolder } from '../cli/files.ts';
import { printable } from '../cli/command.ts';
import { digestOf } from '../cli/digest.ts';
import { lastLines, readAnswer, runSpack } from '../spack/run-spack.ts';
import { type MirrorFiles, openMirrorFiles, readText } from '../build-cache/mirror-files.ts';
import {
  KEY_INDEX_PATH,
  KeyIndex,
  OWN_INDEX,
  indexManifestPath,
  readNamedBlob,
} from '../build-cache/mirror-manifest.ts';
import { INDEX_MEDIA_TYPE, KEY_INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';

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
  const place = openMirrorFiles(url.startsWith('file://') ? fileURLToPath(url) : url);
  const index = await readBlob(place, indexManifestPath(OWN_INDEX), INDEX_MEDIA_TYPE);
  if (index === undefined)
    throw new Error(`${url}: expected a build cache with an index, found none; check the address`);
  const keyIndex = await readBlob(place, KEY_INDEX_PATH, KEY_INDEX_MEDIA_TYPE);
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

/** The text of the blob that a manifest of the mirror names; undefined when there is no such manifest. */
async function readBlob(place: MirrorFiles, path: string, mediaType: string): Promise<string | undefined> {
  const where = place.locate(path);
  const manifest = await readText(place, path, LIMIT_BYTES);
  if (manifest === undefined) return undefined;
  const { digest } = readNamedBlob(manifest, where, mediaType);
  const text = await readText(place, mirrorBlobPath(digest), LIMIT_BYTES);
  if (text !== undefined && digestOf(text) === digest) return text;
  throw new Error(`${where}: expected the blob ${digest}, found a different one or none; try again`);
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
