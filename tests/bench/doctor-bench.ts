import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { indexOfBuilds, updateIndexImage } from '../../scripts/mirror/indexes.ts';
import { blobPath, TAG_ANNOTATION, writeIndex } from '../../scripts/oci/layout.ts';
import { openRegistry } from '../../scripts/oci/open-registry.ts';
import { IMAGE_MANIFEST_MEDIA_TYPE } from '../../site/schemas/image-manifest.ts';
import { generateCatalog } from '../generate/catalog.ts';
import type { Figures } from './bench.ts';
import { costOf, round, type Cost } from './stopwatch.ts';

const [DOCTOR, READER] = ['../../scripts/doctor.ts', 'read-catalog.ts'].map((path) =>
  join(import.meta.dirname, path),
);
/** Number of runs. The minimum counts, since other work on the machine only adds time. */
const RUNS = 3;

/**
 * Measures doctor in multiples of a program that only reads the catalog. Throws when doctor finds anything.
 */
export async function benchDoctor(folder: string, builds: number): Promise<Figures> {
  const [catalog, registry] = [join(folder, 'catalog'), join(folder, 'registry')];
  await generateCatalog({ builds, seed: 1, directory: catalog });
  // The registry made here has no containers, whose absence doctor reports.
  await rm(join(catalog, 'containers'), { recursive: true, force: true });
  await makeRegistry(catalog, registry, join(folder, 'index.json'));
  const readers: Cost[] = [];
  const doctors: Cost[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    readers.push(await costOf([READER ?? '', catalog], folder));
    const args = ['--catalog', catalog, '--registry', `oci-layout:${registry}`];
    doctors.push(await costOf([DOCTOR ?? '', ...args], folder));
  }
  const least = (costs: Cost[], of: 'seconds' | 'cpuSeconds'): number =>
    Math.min(...costs.map((cost) => cost[of]));
  const figures: Figures = { builds };
  for (const [name, of] of [
    ['', 'seconds'],
    ['Cpu', 'cpuSeconds'],
  ] as const) {
    figures[`reading${name}Seconds`] = round(least(readers, of));
    figures[`doctor${name}Seconds`] = round(least(doctors, of));
    figures[`timesReading${name}`] = round(least(doctors, of) / least(readers, of));
  }
  return figures;
}

/**
 * Creates an OCI layout with the tags, blobs and index of a catalog. The blobs are empty, with the right
 * size.
 */
async function makeRegistry(directory: string, registry: string, file: string): Promise<void> {
  const catalog = readCatalog(directory);
  const builds = [...catalog.builds.values()];
  await mkdir(join(registry, 'blobs/sha256'), { recursive: true });
  await pMap(
    builds.flatMap(({ image, tarball }) => [image, image.config, tarball]),
    async ({ digest, size }) => {
      const blob = blobPath(registry, digest);
      await writeFile(blob, '');
      await truncate(blob, size);
    },
    { concurrency: 8 },
  );
  writeIndex(
    registry,
    builds.map(({ image: { tag, digest, size } }) => ({
      ...{ mediaType: IMAGE_MANIFEST_MEDIA_TYPE, digest, size },
      annotations: { [TAG_ANNOTATION]: tag },
    })),
  );
  const index = indexOfBuilds(builds, catalog.nodes);
  await writeFile(file, index.text);
  await updateIndexImage(openRegistry(`oci-layout:${registry}`), catalog, index);
}
