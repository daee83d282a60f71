import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import fastGlob from 'fast-glob';
import { withProgress } from '../cli/progress.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import type { LocalFile, Place, PlacedFile } from './place.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { digestFrom, mirrorBlobPath } from '../../site/schemas/digest.ts';
import { decodeText } from '../build-cache/build-cache.ts';
import { parseMirrorManifest } from '../build-cache/mirror-manifest.ts';
import { indexManifestPath, OWN_INDEX } from '../mirror/indexes.ts';

/** Files that are compared, sent or removed at a time. */
const CONCURRENCY = 16;

/** What was done, or would be. */
export interface SyncResult {
  sent: number;
  /** Of the files that were sent. */
  bytes: number;
  removed: number;
  /** Files that were there already. */
  unchanged: number;
}

/**
 * Makes a place hold exactly a site's files. What names others is sent after them, and removed before them, so that
 * the place is a working site at every moment; run again after an interruption, it sends the rest.
 * @throws when the place has files and this command has never filled it, has another site in it, was changed meanwhile, or takes no file as large as one of the site's
 */
export async function syncSite(
  files: readonly LocalFile[],
  place: Place,
  { isDryRun }: { isDryRun: boolean },
): Promise<SyncResult> {
  const large = files.find(({ size }) => size > (place.mostBytes ?? Infinity));
  if (large)
    throw new Error(
      `${large.file}: expected at most ${place.mostBytes} bytes, which is what ${place.address} takes at once, found ` +
        `${large.size}; lower PAGES_BUDGET, so that the registry alone has it, and run \`node scripts/mirror.ts\` again`,
    );
  const placed = await place.list();
  if (placed.size > 0 && !placed.has(MARKER)) {
    const [first = ''] = placed.keys();
    throw new Error(
      `${place.address}: expected an empty place or one that sync has filled before, found other files, such as ` +
        `${first}; give another, since sync removes what the site does not have`,
    );
  }
  const inner = [...placed.keys()].find((path) => path.endsWith(`/${MARKER}`));
  if (inner !== undefined)
    throw new Error(
      `${place.address}: expected files of this site alone, found another site that sync has filled in ` +
        `${inner.slice(0, -MARKER.length)}; give each a place outside the other, since sync removes what its site does not have`,
    );
  if (placed.size === 0 && !isDryRun) await putMarker(place);
  const plan = planSync(files, placed);
  const result: SyncResult = { sent: 0, bytes: 0, removed: 0, unchanged: 0 };
  const total = [...plan.stages, ...plan.removals].reduce((sum, stage) => sum + stage.length, 0);
  result.unchanged = files.length - plan.stages.flat().length;
  await withProgress('syncing', total, 'files', async (progress) => {
    for (const stage of plan.stages) {
      await mapAll(stage, async ({ local, placed: found }) => {
        if (found?.size === local.size && (await place.isSame(local, found))) {
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

/** Of two that fill a place at the same time each may take away what the other sent: the later one sees it. */
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

/** Does the work for each, some at a time; after a failure it begins no other, and waits for those that run. */
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

/** The file that says that a place was filled by this command: nothing is ever removed from any other. */
export const MARKER = 'sync.json';

/** What is to be done, in this order. */
interface SyncPlan {
  /** Files to send: each stage names files of those before it alone. Files of equal size are to be compared first. */
  stages: { local: LocalFile; placed: PlacedFile | undefined }[][];
  /** Paths to remove, in stages, too: what names others goes before them. */
  removals: string[][];
}

/**
 * Stages of a site: blobs, what pages load, pages, and the manifests of indexes. Whenever it ends, an index that is
 * there names only what is there.
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

/** Decides what a place lacks and what it has too much. Pure. */
export function planSync(local: readonly LocalFile[], placed: ReadonlyMap<string, PlacedFile>): SyncPlan {
  const wanted = new Set(local.map(({ path }) => path));
  const candidates = local
    .map((file) => ({ local: file, placed: placed.get(file.path) }))
    // A blob is named for its content, and appears whole or not at all.
    .filter(({ local: file, placed: found }) => !(file.digest && found?.size === file.size));
  const removals = [...placed.keys()].filter((path) => path !== MARKER && !wanted.has(path));
  return {
    stages: STAGES.map((_, stage) => candidates.filter(({ local: { path } }) => stageOf(path) === stage)),
    removals: STAGES.map((_, stage) => removals.filter((path) => stageOf(path) === stage)).reverse(),
  };
}

const BLOB = /^blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/;

/**
 * Lists the files of a built site with its mirror. Throws when there is none, or when an index of it names a blob that
 * it does not have: a half of a site would take away what is at the place.
 */
export async function listSiteFiles(folder: string): Promise<LocalFile[]> {
  const found = await fastGlob('**', { cwd: folder, dot: true, stats: true, followSymbolicLinks: false });
  const files = found
    .map(({ path, stats }): LocalFile => {
      const hex = BLOB.exec(path)?.[1];
      return {
        path,
        file: join(folder, path),
        size: stats?.size ?? 0,
        ...(hex !== undefined && { digest: digestFrom(hex) }),
      };
    })
    .sort((a, b) => compareTexts(a.path, b.path));
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  expectFile(folder, sizes, 'index.html', 'npm run build');
  expectFile(folder, sizes, indexManifestPath(OWN_INDEX), 'node scripts/mirror.ts');
  for (const { path, file } of files)
    if (path.startsWith('v3/manifests/index/')) await expectBlobs(file, sizes);
  return files;
}

function expectFile(folder: string, sizes: ReadonlyMap<string, number>, path: string, command: string): void {
  if (!sizes.has(path))
    throw new Error(
      `${folder}: expected a built site with its mirror, found no ${path}; run \`${command}\` first`,
    );
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
