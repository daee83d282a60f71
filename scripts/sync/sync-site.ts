import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { withProgress } from '../cli/progress.ts';
import { expectSite, measureFiles, withTemporaryFolder } from '../cli/files.ts';
import type { LocalFile, Place, PlacedFile } from './place.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { digestFrom, mirrorBlobPath } from '../../site/schemas/digest.ts';
import { decodeText } from '../build-cache/build-cache.ts';
import { OWN_INDEX, indexManifestPath, parseMirrorManifest } from '../build-cache/mirror-manifest.ts';

/** Number of files compared, sent or removed at a time. */
const CONCURRENCY = 16;

/** Result of a sync, or of a dry run. */
export interface SyncResult {
  sent: number;
  /** Total size of the sent files. */
  bytes: number;
  removed: number;
  /** Number of files that already existed. */
  unchanged: number;
}

/**
 * Makes a place contain exactly a site's files. A file that refers to others is sent after them and removed
 * before them, so that the site works at every moment. A run after an interruption sends the rest.
 * @throws when the place has files but was never filled by this command, contains another site, was changed
 * during the sync, or does not accept a file as large as one of the site's
 */
export async function syncSite(
  files: readonly LocalFile[],
  place: Place,
  { isDryRun }: { isDryRun: boolean },
): Promise<SyncResult> {
  const large = files.find(({ size }) => size > (place.mostBytes ?? Infinity));
  if (large)
    throw new Error(
      `${large.file}: expected at most ${place.mostBytes} bytes, the most that ${place.address} accepts in one upload, found ` +
        `${large.size}; lower PAGES_BUDGET, so that only the registry has it, and run \`node scripts/mirror.ts\` again`,
    );
  const placed = await place.list();
  if (placed.size > 0 && !placed.has(MARKER)) {
    const [first = ''] = placed.keys();
    throw new Error(
      `${place.address}: expected an empty place or one that sync filled before, found other files, such as ` +
        `${first}; choose another, since sync removes everything that the site does not have`,
    );
  }
  const inner = [...placed.keys()].find((path) => path.endsWith(`/${MARKER}`));
  if (inner !== undefined)
    throw new Error(
      `${place.address}: expected only files of this site, found another site that sync has filled in ` +
        `${inner.slice(0, -MARKER.length)}; give each a place outside the other, since sync removes what its site does not have`,
    );
  if (placed.size === 0 && !isDryRun) await putMarker(place);
  const plan = planSync(files, placed);
  const result: SyncResult = { sent: 0, bytes: 0, removed: 0, unchanged: 0 };
  const total = [...plan.stages, ...plan.removals].reduce((sum, stage) => sum + stage.length, 0);
  result.unchanged = files.length - plan.stages.flat().length;
  await withProgress('syncing', total, 'files', async (progress) => {
    for (const stage of plan.stages) {
      await mapAll(stage, async ({ local, placed: earlier }) => {
        if (earlier?.size === local.size && (await place.isSame(local, earlier))) {
          result.unchanged += 1;
        } else {
          if (!isDryRun) await place.put(local);
          result.sent += 1;
          result.bytes += local.size;
        }
        progress.advance();
      });
    }
    for (const stage of plan.removals) {
      await mapAll(stage, async (path) => {
        if (!isDryRun) await place.remove(path);
        result.removed += 1;
        progress.advance();
      });
    }
  });
  if (!isDryRun && result.sent + result.removed > 0) expectWhole(files, await place.list(), place.address);
  return result;
}

/** Detects a concurrent sync: two runs may remove each other's files, and the later one notices. */
function expectWhole(
  files: readonly LocalFile[],
  placed: ReadonlyMap<string, PlacedFile>,
  address: string,
): void {
  const wanted = new Map(files.map(({ path, size }) => [path, size]));
  const lost = files.find(({ path, size }) => placed.get(path)?.size !== size);
  const other = [...placed.keys()].find((path) => path !== MARKER && !wanted.has(path));
  const path = lost?.path ?? other;
  if (path === undefined) return;
  throw new Error(
    `${address}: expected the files of this site after the upload, found ${path} ${lost ? 'changed or missing' : 'added'}; ` +
      'another sync may have run at the same time: run it again',
  );
}

/** Runs the work for all items, some at a time. After a failure starts no more, and waits for the rest. */
async function mapAll<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  await pMap(
    items,
    async (item) => {
      if (failures.length > 0) return;
      await work(item).catch((error: unknown) => failures.push(error));
    },
    { concurrency: CONCURRENCY },
  );
  if (failures.length > 0) throw failures[0];
}

function putMarker(place: Place): Promise<void> {
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, MARKER);
    const text = '{"version":1}\n';
    await writeFile(file, text);
    await place.put({ path: MARKER, file, size: text.length });
  });
}

/** File that marks a place as filled by this command. Nothing is ever removed from other places. */
export const MARKER = 'sync.json';

/** Steps of a sync, in this order. */
interface SyncPlan {
  /** Files to send; each refers only to files of earlier stages. Files of equal size are compared first. */
  stages: { local: LocalFile; placed: PlacedFile | undefined }[][];
  /** Paths to remove, also in stages: a file that refers to others goes before them. */
  removals: string[][];
}

/**
 * Stages of a site: blobs, files that pages load, pages, and the manifests of indexes. If a sync is
 * interrupted, existing indexes refer only to existing files.
 */
const STAGES: readonly ((path: string) => boolean)[] = [
  (path) => path.startsWith('blobs/'),
  (path) => !path.startsWith('blobs/'),
  (path) => path.endsWith('.html'),
  (path) => path.startsWith('v3/manifests/index/'),
];

function stageOf(path: string): number {
  return STAGES.findLastIndex((isIn) => isIn(path));
}

/** Decides which files to send and to remove. Pure. */
export function planSync(local: readonly LocalFile[], placed: ReadonlyMap<string, PlacedFile>): SyncPlan {
  const wanted = new Set(local.map(({ path }) => path));
  const candidates = local
    .map((file) => ({ local: file, placed: placed.get(file.path) }))
    // A blob is named after its content, and is always written as a whole.
    .filter(({ local: file, placed: earlier }) => !(file.digest && earlier?.size === file.size));
  const removals = [...placed.keys()].filter((path) => path !== MARKER && !wanted.has(path));
  return {
    stages: STAGES.map((_, stage) => candidates.filter(({ local: { path } }) => stageOf(path) === stage)),
    removals: STAGES.map((_, stage) => removals.filter((path) => stageOf(path) === stage)).reverse(),
  };
}

const BLOB = /^blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/;

/**
 * Lists the files of a built site with its mirror. Throws when there is none, or when one of its indexes
 * refers to a missing blob: an incomplete site would remove files from the place.
 */
export async function listSiteFiles(folder: string): Promise<LocalFile[]> {
  const sizes = measureFiles(folder);
  const files = [...sizes]
    .map(([path, size]): LocalFile => {
      const hex = BLOB.exec(path)?.[1];
      return {
        path,
        file: join(folder, path),
        size,
        ...(hex !== undefined && { digest: digestFrom(hex) }),
      };
    })
    .sort((a, b) => compareTexts(a.path, b.path));
  expectSite(folder);
  const index = indexManifestPath(OWN_INDEX);
  if (!sizes.has(index))
    throw new Error(
      `${folder}: expected a built site with its mirror, found no ${index}; run \`node scripts/mirror.ts\` first`,
    );
  for (const { path, file } of files)
    if (path.startsWith('v3/manifests/index/')) await expectBlobs(file, sizes);
  return files;
}

async function expectBlobs(file: string, sizes: ReadonlyMap<string, number>): Promise<void> {
  for (const { checksum, contentLength } of parseMirrorManifest(decodeText(await readFile(file), file), file)
    .data) {
    const path = mirrorBlobPath(digestFrom(checksum));
    if (sizes.get(path) !== contentLength)
      throw new Error(
        `${file}: expected the index that it names as ${path} of ${contentLength} bytes, found ` +
          `${sizes.has(path) ? `${sizes.get(path)} bytes` : 'no file'}; run \`node scripts/mirror.ts\` again`,
      );
  }
}
