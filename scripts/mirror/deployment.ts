import prettyBytes from 'pretty-bytes';
import pMap from 'p-map';
import { shapeFailures } from '../../site/lib/catalog/shape-history.ts';
import { planMirror, type MirrorInput, type MirrorPlan } from '../../site/lib/mirror/plan.ts';
import { listRetired, type RetiredBuild } from '../../site/lib/mirror/retired.ts';
import { readGoodNode } from '../../site/lib/spack/node-faults.ts';
import type { Blob, Build } from '../../site/schemas/build.ts';
import type { Settings } from '../../site/schemas/settings.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { readCatalog, readEntries } from '../catalog/catalog.ts';
import { readRemoved } from '../catalog/removal.ts';
import type { FindRegistry } from '../oci/open-registry.ts';
import { type Registry, parseReference } from '../oci/registry.ts';
import type { BlobCache } from './blob-cache.ts';
import type { Dist } from './dist.ts';
import {
  type ReadableCatalog,
  indexOfAll,
  leaveOutUnreadable,
  writeIndexManifests,
  writeIndexes,
} from './indexes.ts';
import {
  fetchLiveIndexes,
  KEPT_INDEXES,
  keptIndexesText,
  warnOfLost,
  type PreviousIndex,
} from './previous-indexes.ts';
import { shrinkToBudget } from './shrink-to-budget.ts';
import { mirrorManifestPath } from '../../site/schemas/node.ts';
import { KEY_INDEX_MEDIA_TYPE, KEY_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import {
  KEY_INDEX_PATH,
  LAYOUT,
  blobRecord,
  keyManifestPath,
  manifestText,
} from '../build-cache/mirror-manifest.ts';
import { findIntact } from '../oci/directory-registry.ts';
import { isDiskFull } from '../cli/files.ts';
import { annotate } from '../github/actions.ts';
import { ConnectionError, isTemporary } from '../http/retry.ts';
import { RegistryRefusedError } from '../oci/errors.ts';
import { withProgress } from '../cli/progress.ts';
import { formatNumber } from '../../site/lib/format.ts';

/** Input of a deployment, with a sentence for each node that clients could not read. */
export interface DeploymentInput extends ReadableCatalog {
  input: MirrorInput;
}

/** Reads the catalog, without the nodes that a mirror must leave out. */
export function readDeployment({
  CATALOG_DIR: directory,
  PAGES_BUDGET: budget,
}: Pick<Settings, 'CATALOG_DIR' | 'PAGES_BUDGET'>): DeploymentInput {
  const { catalog, leftOut } = leaveOutUnreadable(readCatalog(directory, { readNode: readGoodNode }));
  const retired = listRetired(readRemoved(directory).values(), catalog.builds);
  const { failureBytes } = shapeFailures(readEntries(directory, 'failures'), budget);
  const input = { ...catalog, builds: [...catalog.builds.values()], retired, failureBytes };
  return { catalog, input, leftOut };
}

/** Contents of a deployment. */
export interface DeploymentPlan {
  /** The plan that the pages of the site were built from. */
  planned: MirrorPlan;
  /** The same plan, or a smaller one if pages and indexes turned out larger than planned. */
  plan: MirrorPlan;
  live: readonly PreviousIndex[];
}

/** Plans the mirror and the indexes kept from earlier deployments, all within the budget. */
export async function planDeployment(
  input: MirrorInput,
  { PAGES_BUDGET: budget, SITE_URL: siteUrl }: Pick<Settings, 'PAGES_BUDGET' | 'SITE_URL'>,
  { cache, dist, now }: { cache: BlobCache; dist: Pick<Dist, 'siteBytes'>; now: Date },
): Promise<DeploymentPlan> {
  const planned = planMirror(input, budget);
  const previous = await fetchLiveIndexes(siteUrl, { views: planned.views.keys(), cache, budget, now });
  const { siteBytes } = dist;
  const { plan, live, dropped } = shrinkToBudget(planned, input, { siteBytes, live: previous });
  for (const { blob } of dropped)
    warnOfLost(siteUrl, new Error(`no room in the budget for ${blob.digest} of ${prettyBytes(blob.size)}`));
  return { planned, plan, live };
}

/** Sources of blobs, and the folder that they are written to. */
interface BlobPlaces {
  findRegistry: FindRegistry;
  cache: BlobCache;
  dist: Dist;
}

/**
 * Writes everything that Spack reads into the built site, each file before the files that refer to it, and
 * removes what an earlier run left there. Running it again changes nothing.
 * @returns the index of everything, which is also pushed to the registry
 */
export async function writeMirror(
  plan: MirrorPlan,
  { catalog, live }: { catalog: Catalog; live: readonly PreviousIndex[] },
  { findRegistry, cache, dist }: BlobPlaces,
): Promise<Blob> {
  const indexes = await writeIndexes(plan, catalog.nodes, dist);
  for (const { blob, file } of live) await dist.addFile(blob, file);
  const current = new Set([...indexes.values()].map(({ digest }) => digest));
  const kept = live.filter(({ blob }) => !current.has(blob.digest));
  if (kept.length > 0) await dist.addText(KEPT_INDEXES, keptIndexesText(kept));
  const lost = await placeServedBlobs(plan, catalog.builds, { findRegistry, cache, dist });
  const retired = plan.retired.filter(({ build }) => !lost.has(build));
  await writeManifests(catalog, retired, dist);
  await writeIndexManifests(indexes, dist);
  await dist.removeOthers();
  return indexOfAll(indexes);
}

/** Number of files written at a time. */
const FILES = 16;

/**
 * Writes the mirror's fixed parts: its layout, the public keys, and the spec manifests of all builds,
 * including retired ones. All builds get a manifest because the index of everything lists them; a client
 * fetches a blob that it does not find here from its next mirror.
 */
async function writeManifests(catalog: Catalog, retired: readonly RetiredBuild[], dist: Dist): Promise<void> {
  await dist.addText(LAYOUT.path, LAYOUT.text);
  await writeKeys(catalog.keys, dist);
  const listed = [...catalog.builds.values()].map((build) => ({
    build,
    manifest: catalog.manifests.get(build.hash) ?? '',
  }));
  await pMap(
    [...listed, ...retired],
    ({ build, manifest }) => dist.addText(mirrorManifestPath(build), manifest),
    { concurrency: FILES },
  );
}

async function writeKeys(keys: Catalog['keys'], dist: Dist): Promise<void> {
  if (keys.size === 0) return;
  const fingerprints = [...keys.keys()].sort();
  for (const fingerprint of fingerprints) {
    const blob = await dist.addBytes(keys.get(fingerprint) ?? '');
    await dist.addText(
      keyManifestPath(fingerprint),
      manifestText([blobRecord(blob, KEY_MEDIA_TYPE, 'none')]),
    );
  }
  const index = JSON.stringify({
    keys: Object.fromEntries(fingerprints.map((fingerprint) => [fingerprint, {}])),
  });
  await dist.addText(
    KEY_INDEX_PATH,
    manifestText([blobRecord(await dist.addBytes(index), KEY_INDEX_MEDIA_TYPE, 'none')]),
  );
}

/** Number of transfers at a time: enough to saturate a line with small files, few enough for any registry. */
const TRANSFERS = 8;

interface Wanted {
  build: Build;
  kind: 'tarball' | 'spec file';
  blob: Blob;
}

/**
 * Fetches the blobs of the plan from the registry into `dist/`, each checked before it is placed.
 * @returns removed builds whose tarballs the registry has lost
 */
async function placeServedBlobs(
  plan: MirrorPlan,
  builds: Catalog['builds'],
  { findRegistry, cache, dist }: BlobPlaces,
): Promise<Set<Build>> {
  const wanted = [...builds.values()].flatMap((build): Wanted[] => [
    ...(plan.served.has(build.hash) ? [{ build, kind: 'tarball', blob: build.tarball } as const] : []),
    ...(plan.servedConfigs.has(build.hash)
      ? [{ build, kind: 'spec file', blob: build.image.config } as const]
      : []),
  ]);
  const retired = new Set(plan.retired.map(({ build }) => build));
  for (const build of retired) wanted.push({ build, kind: 'tarball', blob: build.tarball });
  const lost = new Set<Build>();
  const abort = new AbortController();
  try {
    await withProgress('fetching', wanted.length, 'blobs', (progress) =>
      pMap(
        wanted,
        async (item) => {
          const { build, blob } = item;
          const file = findFile(item, findRegistry(build), cache, abort.signal);
          await file.then(
            (found) => dist.addFile(blob, found),
            (error: unknown) => {
              if (!retired.has(build) || !isLost(error)) throw error;
              lost.add(build);
              annotate('warning', describeLost(build));
            },
          );
          progress.advance();
        },
        { concurrency: TRANSFERS },
      ),
    );
  } finally {
    abort.abort();
  }
  return lost;
}

/** Whether a registry that answers does not have what was published. */
function isLost(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const isOther = cause instanceof ConnectionError || cause instanceof RegistryRefusedError;
  return cause instanceof Error && !isOther && !isTemporary(cause) && !('errno' in cause);
}

function describeLost({ name, version, hash }: Build): string {
  return (
    `the tarball of ${name}@${version}/${hash}, which was removed, is not in the registry any more: ` +
    'clients with older indexes build it from source'
  );
}

/** A registry that is a directory already has the file: it is checked and used in place. */
async function findFile(
  { build, kind, blob }: Wanted,
  registry: Registry,
  cache: BlobCache,
  signal: AbortSignal,
): Promise<string> {
  const reference = parseReference(registry.reference);
  try {
    if (reference.kind === 'remote') return await cache.fetch(blob, () => registry.openBlob(blob), signal);
    return await findIntact(reference.dir, blob);
  } catch (cause) {
    if (isDiskFull(cause)) throw cause;
    throw new Error(
      `the ${kind} of ${build.name}@${build.version}/${build.hash} could not be fetched from ${registry.reference}; ` +
        'if the registry answers, publish the build again, or remove it from the catalog',
      { cause },
    );
  }
}

/** Describes what was done in plain sentences; the last one has the totals. */
export function describeMirror(
  plan: MirrorPlan,
  { planned, dist, isIndexNew }: { planned: MirrorPlan; dist: Dist; isIndexNew: boolean },
): string {
  const { leftOut, bytes } = plan;
  const builds = plan.served.size + leftOut.builds.length;
  const lines: string[] = [];
  if (plan.served.size < planned.served.size) {
    lines.push(
      `The pages take ${prettyBytes(dist.siteBytes)} instead of the expected ${prettyBytes(bytes.site)}: ` +
        `the mirror has ${formatNumber(planned.served.size - plan.served.size, 'build')} fewer than the pages list.`,
    );
  }
  if (leftOut.builds.length > 0) {
    lines.push(
      `${formatNumber(leftOut.builds.length, 'build')} (${prettyBytes(leftOut.bytes)}) did not fit: only the registry has their tarballs, ` +
        'and only the view "all" lists them.',
    );
  }
  if (leftOut.configs > 0) {
    lines.push(
      `${formatNumber(leftOut.configs, 'spec file')} left to the registry; clients do not need them to install.`,
    );
  }
  if (leftOut.views.length > 0) {
    lines.push(
      `${formatNumber(leftOut.views.length, 'monthly view')} left out for their size: ${leftOut.views[0]} and older.`,
    );
  }
  const total = prettyBytes(dist.siteBytes + dist.mirrorBytes);
  lines.push(
    `Mirrored ${plan.served.size} of ${builds} builds and ${formatNumber(plan.views.size, 'view')}: the site takes ${total} of ` +
      `${prettyBytes(planned.bytes.budget)}; the registry's index ${isIndexNew ? 'was replaced' : 'is unchanged'}.`,
  );
  return lines.join('\n');
}
