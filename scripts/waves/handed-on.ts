import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { digestFrom, DagHash, hexOf, mirrorBlobPath, Sha256 } from '../../site/schemas/digest.ts';
import { LANES, type MatrixEntry } from '../../site/schemas/build-request.ts';
import { formatJson, parseJson } from '../../site/lib/json.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';
import { databaseText } from '../../site/lib/spack/database.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { blobOf, blobOfFile, digestOf } from '../cli/digest.ts';
import {
  LAYOUT,
  OWN_INDEX,
  blobRecord,
  indexManifestPath,
  manifestText,
  parseMirrorManifest,
} from '../build-cache/mirror-manifest.ts';
import { describeError } from '../cli/command.ts';
import { expectOwnFolder } from '../cli/files.ts';
import { BadArchiveError } from '../github/errors.ts';
import type { BuildArtifacts } from '../receive/build-artifact.ts';
import { checkArtifact } from '../receive/check-artifact.ts';
import { readChecked, readPlanFolder } from '../receive/plan-folder.ts';

/** Builds that a wave receives from earlier waves: `handed-on.json`, and a build cache in `cache/`. */
const LISTING = 'handed-on.json';
const CACHE = 'cache';
const OUTPUT = /^(?:handed-on\.json|cache)$/;

/** Jobs and files of the builds that a wave receives. */
const HandedOn = z.strictObject({
  /** Jobs whose artifacts have been checked. */
  jobs: z.array(z.number().int().min(0)),
  builds: z.record(DagHash, z.array(z.strictObject({ path: z.string().max(1_000), sha256: Sha256 }))),
});
type HandedOn = z.infer<typeof HandedOn>;

export interface HandOnOptions {
  plans: string;
  artifacts: BuildArtifacts;
  /** The wave that is about to begin, from 0. Receives the builds that it and later waves need. */
  wave: number;
  /** Folder that the previous wave received, and the sha256 of its listing; undefined for none. */
  before: { folder: string; sha256: string } | undefined;
  catalog: string;
  out: string;
}

/** Parses two options into `before`: a workflow passes empty ones for none. */
export function namedHandedOn(folder: string | undefined, sha256: string): HandOnOptions['before'] {
  return folder === undefined || sha256 === '' ? undefined : { folder, sha256 };
}

/** Number of builds handed on, and reasons why others were not. */
export interface HandOnResult {
  /** sha256 of the listing, passed as an output of the job, which builds cannot change. */
  sha256: string;
  builds: number;
  refused: string[];
}

/**
 * Checks the artifacts of jobs in earlier waves against their plans, exactly as before publishing, and hands
 * on the builds that later jobs need. A missing or refused artifact affects only its dependents.
 */
export async function handOn(entries: readonly MatrixEntry[], options: HandOnOptions): Promise<HandOnResult> {
  const { plans, artifacts, wave, before, out, catalog } = options;
  expectOwnFolder(out, OUTPUT);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, CACHE), { recursive: true });
  const handed: HandedOn = { jobs: [], builds: {} };
  const needed = neededBy(
    entries.filter((entry) => (entry.wave ?? 0) >= wave),
    plans,
  );
  if (before) await copyBefore(before, needed, handed, out);
  const refused: string[] = [];
  for (const entry of entries) {
    if (!isDue(entry, wave) || handed.jobs.includes(entry.index)) continue;
    handed.jobs.push(entry.index);
    const plan = readPlanFolder(plans, entry);
    try {
      await artifacts.use(entry.index, async (folder) => {
        if (folder === undefined) {
          refused.push(`job ${entry.index} uploaded nothing`);
          return;
        }
        const { hashes, texts } = plan;
        const checked = await checkArtifact({ folder, hashes, texts, catalogDirectory: catalog });
        if ('refused' in checked) refused.push(`job ${entry.index} is refused: ${checked.refused}`);
        else {
          for (const { root, where } of checked.entries)
            if (needed.has(root.node.hash))
              await copyBuild(root.node.hash, where, join(folder, CACHE), handed, out);
        }
      });
    } catch (error) {
      if (!(error instanceof BadArchiveError)) throw error;
      refused.push(`job ${entry.index} is refused: ${describeError(error)}`);
    }
  }
  handed.jobs.sort((a, b) => a - b);
  const text = formatJson(handed);
  writeFileSync(join(out, LISTING), text);
  return { sha256: hexOf(digestOf(text)), builds: Object.keys(handed.builds).length, refused };
}

/**
 * Opens the handed-on builds as a mirror for Spack: a build cache of the needed builds, with the index that
 * Spack requires. Checks each file against the listing, and the listing against its digest.
 * @param nodes the nodes of the lock, keyed by hash
 * @returns the hashes that are available
 */
export async function openHandedOn(
  folder: string,
  sha256: string,
  needed: Iterable<DagHash>,
  nodes: ReadonlyMap<DagHash, SpecNode>,
  mirror: string,
): Promise<Set<DagHash>> {
  const { builds } = readListing(folder, sha256);
  mkdirSync(mirror, { recursive: true });
  const there = new Set<DagHash>();
  for (const hash of needed) {
    const files = builds[hash];
    if (!files) continue;
    for (const file of files) await copyChecked(join(folder, CACHE), file, mirror);
    there.add(hash);
  }
  writeIndex([...there], nodes, mirror);
  return there;
}

function writeIndex(roots: readonly DagHash[], nodes: ReadonlyMap<DagHash, SpecNode>, mirror: string): void {
  const bytes = Buffer.from(databaseText(roots, nodes));
  const blob = blobOf(bytes);
  const manifest = manifestText([blobRecord(blob, INDEX_MEDIA_TYPE, 'none')]);
  for (const [path, content] of [
    [mirrorBlobPath(blob.digest), bytes],
    [indexManifestPath(OWN_INDEX), manifest],
    [LAYOUT.path, LAYOUT.text],
  ] as const) {
    mkdirSync(dirname(join(mirror, path)), { recursive: true });
    writeFileSync(join(mirror, path), content);
  }
}

/** Whether a wave has waited for a job. A job whose builds no other job needs may still run. */
function isDue({ wave: own = 0, lane }: MatrixEntry, wave: number): boolean {
  return own + LANES[lane ?? 'next'] <= wave;
}

function neededBy(entries: readonly MatrixEntry[], plans: string): Set<DagHash> {
  return new Set(entries.flatMap((entry) => readPlanFolder(plans, entry).inputs.part?.earlier ?? []));
}

async function copyBefore(
  { folder, sha256 }: { folder: string; sha256: string },
  needed: ReadonlySet<DagHash>,
  handed: HandedOn,
  out: string,
): Promise<void> {
  const { jobs, builds } = readListing(folder, sha256);
  handed.jobs = jobs;
  for (const [hash, files] of Object.entries(builds)) {
    if (!needed.has(hash)) continue;
    for (const file of files) await copyChecked(join(folder, CACHE), file, join(out, CACHE));
    handed.builds[hash] = files;
  }
}

/** Copies the manifest and the blobs of a checked build. */
async function copyBuild(
  hash: DagHash,
  manifest: string,
  cache: string,
  handed: HandedOn,
  out: string,
): Promise<void> {
  const text = readFileSync(manifest, 'utf8');
  const { data } = parseMirrorManifest(text, manifest);
  const files: HandedOn['builds'][string] = [
    { path: relative(cache, manifest), sha256: hexOf(digestOf(text)) },
    ...data.map(({ checksum }) => ({ path: mirrorBlobPath(digestFrom(checksum)), sha256: checksum })),
  ];
  for (const file of files) await copyChecked(cache, file, join(out, CACHE));
  handed.builds[hash] = files;
}

async function copyChecked(
  from: string,
  { path, sha256 }: { path: string; sha256: string },
  into: string,
): Promise<void> {
  const target = join(into, path);
  if (relative(into, target).startsWith('..'))
    throw new Error(`${path}: expected a path within a build cache`);
  mkdirSync(dirname(target), { recursive: true });
  if (!existsSync(target)) copyFileSync(join(from, path), target);
  const actual = hexOf((await blobOfFile(target)).digest);
  if (actual === sha256) return;
  throw new Error(
    `${join(from, path)}: expected sha256 ${sha256}, found ${actual}: a build has replaced it; ` +
      'look at what it builds before you run it again',
  );
}

function readListing(folder: string, sha256: string): HandedOn {
  const file = join(folder, LISTING);
  return parseJson(readChecked(file, sha256, 'hand-on'), HandedOn, {
    where: file,
    expected: 'the listing that hand-on writes',
    advice: 'run all jobs again',
  });
}
