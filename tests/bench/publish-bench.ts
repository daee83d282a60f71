import { cp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { generateCache } from '../generate/cache.ts';
import { findTool, startRegistry } from '../world/registry.ts';
import { startServer } from '../world/start-server.ts';
import type { Figures } from './bench.ts';
import { measureProgram, median, round, type Used } from './stopwatch.ts';

const SCRIPTS = join(import.meta.dirname, '../../scripts');
const SMALLER = 10;
const ADDED = 25;
const TIMES = 3;
/** Size of the tarballs of a cache that resembles a real one. */
const TARBALL_BYTES = 2_000_000;
/** Time of a request to a registry that is far away. */
const FAR_MS = 50;

/** Publishes a cache to a folder's registry and catalog, or imports it. */
function publish(cache: string, place: string, script = 'publish.ts'): Promise<Used> {
  const [registry, catalog] = [`oci-layout:${join(place, 'registry')}`, join(place, 'catalog')];
  const args = [join(SCRIPTS, script), cache, '--registry', registry, '--catalog', catalog];
  return measureProgram(process.execPath, args, { SOURCE_DATE_EPOCH: '1790000000' });
}

/** Compares the cost per build of publishing a cache of small builds with one of a tenth. */
export function benchPublish(folder: string, builds: number): Promise<Figures> {
  return benchTenth('publish.ts', folder, builds);
}

/** Compares the cost per build of importing a cache of small builds with one of a tenth. */
export function benchImport(folder: string, builds: number): Promise<Figures> {
  return benchTenth('import.ts', folder, builds);
}

async function benchTenth(script: string, folder: string, builds: number): Promise<Figures> {
  const small = Math.ceil(builds / SMALLER);
  const used: Used[] = [];
  for (const count of [small, builds]) {
    const cache = join(folder, `cache-${count}`);
    await generateCache({ builds: count, seed: 1, directory: cache });
    used.push(await publish(cache, join(folder, String(count)), script));
  }
  const [little, much] = used;
  if (!little || !much) throw new Error('expected two measurements');
  return {
    builds,
    cpuMsABuild: round((much.cpuSeconds * 1_000) / builds),
    mebibytes: much.mebibytes,
    kilobytesMoreABuild: round(((much.mebibytes - little.mebibytes) * 1_049) / (builds - small)),
    timesTenOfSmall: round(much.cpuSeconds / (little.cpuSeconds * (builds / small))),
  };
}

/** Compares publishing 25 builds to a registry and catalog with many builds and to empty ones. */
export async function benchPublishOnto(folder: string, builds: number): Promise<Figures> {
  const [many, few] = [join(folder, 'many'), join(folder, 'few')];
  await generateCache({ builds, seed: 1, directory: many });
  await generateCache({ builds: ADDED, seed: 2, directory: few });
  await publish(many, join(folder, 'full'));
  const measure = (from: string | undefined) =>
    median(TIMES, async () => {
      const place = join(folder, 'place');
      await rm(place, { recursive: true, force: true });
      if (from) await cp(from, place, { recursive: true });
      return publish(few, place);
    });
  const [onto, alone] = [await measure(join(folder, 'full')), await measure(undefined)];
  return {
    builds,
    cpuSeconds: onto.cpuSeconds,
    cpuSecondsOntoNothing: alone.cpuSeconds,
    timesOntoNothing: round(onto.cpuSeconds / alone.cpuSeconds),
  };
}

/** Compares publishing known builds again with reading and hashing the same bytes, packed and unpacked. */
export async function benchPublishAgain(folder: string, builds: number): Promise<Figures> {
  const [cache, place] = [join(folder, 'cache'), join(folder, 'place')];
  await generateCache({ builds, seed: 1, directory: cache, tarballBytes: TARBALL_BYTES });
  await publish(cache, place);
  const again = await median(TIMES, () => publish(cache, place));
  const hashing = await median(TIMES, () =>
    measureProgram('sh', [
      '-c',
      'find "$0/blobs" -type f -size +100k | while read -r file; do sha256sum "$file"; gzip -dc "$file" | sha256sum; done',
      cache,
    ]),
  );
  return {
    builds,
    cpuSeconds: again.cpuSeconds,
    cpuSecondsOfHashing: hashing.cpuSeconds,
    mebibytes: again.mebibytes,
    timesHashing: round(again.cpuSeconds / hashing.cpuSeconds),
  };
}

/** Compares publishing to an empty registry with `oras restore` of the layout that results. */
export function benchPublishRestore(folder: string, builds: number): Promise<Figures> {
  return benchRestore(folder, builds, 0);
}

/** Does the same with a registry that takes 50 ms to answer a request. */
export function benchPublishFar(folder: string, builds: number): Promise<Figures> {
  return benchRestore(folder, builds, FAR_MS);
}

async function benchRestore(folder: string, builds: number, delayMs: number): Promise<Figures> {
  const [cache, layout] = [join(folder, 'cache'), join(folder, 'layout')];
  await generateCache({ builds, seed: 1, directory: cache, tarballBytes: TARBALL_BYTES });
  await publish(cache, layout);
  const own = await median(TIMES, () =>
    withRegistry(delayMs, async (host) => {
      const catalog = join(folder, 'catalog');
      await rm(catalog, { recursive: true, force: true });
      const args = [join(SCRIPTS, 'publish.ts'), cache, '--registry', `${host}/cache`, '--catalog', catalog];
      return measureProgram(process.execPath, args);
    }),
  );
  const peer = await median(TIMES, () =>
    withRegistry(delayMs, (host) =>
      measureProgram(findTool('oras'), [
        ...['restore', '--input', join(layout, 'registry'), '--plain-http', `${host}/cache`],
      ]),
    ),
  );
  return {
    builds,
    cpuSeconds: own.cpuSeconds,
    cpuSecondsOfRestore: peer.cpuSeconds,
    seconds: own.wallSeconds,
    secondsOfRestore: peer.wallSeconds,
    timesRestore: round(own.wallSeconds / peer.wallSeconds),
    timesFasterThanRestore: round(peer.wallSeconds / own.wallSeconds),
  };
}

/** Does something with the address of a new registry that takes a time to answer each request. */
async function withRegistry<T>(delayMs: number, use: (host: string) => Promise<T>): Promise<T> {
  const registry = await startRegistry();
  const far = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    void setTimeout(delayMs).then(() => {
      // Keeps the Host header, so that addresses for uploads lead through here again.
      const onward = request(`${registry.url}${url}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward.on('error', () => outgoing.destroy()));
    });
  });
  try {
    return await use(delayMs === 0 ? registry.host : new URL(await startServer(far)).host);
  } finally {
    far.closeAllConnections();
    far.close();
    await registry.stop();
  }
}
