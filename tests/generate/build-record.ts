import { Build, type Blob, type Origin } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { fileStem, type Node } from '../../site/schemas/node.ts';
import { inventContents } from './contents.ts';
import { dagOf, nodeOf, runtimeClosure } from './dag.ts';
import type { History, HistoryBuild } from './history.ts';
import { createRandom, inventCommit, inventSha256, type Random } from './random.ts';

/** Maximum number of layers of an image. */
const LAYERS_LIMIT = 100;

/** Tarball sizes of real caches: half are below the median, a few are a thousand times as large. */
const MEDIAN_TARBALL_BYTES = 400_000;
const LARGEST_TARBALL_BYTES = 1_900_000_000;

const MEDIAN_SECONDS = 45;

/** Size of a node in a config, and of the rest of the config. */
const CONFIG_BYTES_PER_NODE = 1_100;
const CONFIG_BYTES = 600;

const SPACK_VERSIONS = ['1.0.0', '1.0.2', '1.1.0', '1.2.0.dev0'];

/** Invents the record of a build without bytes, with plausible sizes and invented digests. */
export function inventBuildRecord(history: History, build: HistoryBuild): Build {
  const { node } = nodeOf(history.nodes, build.hash);
  const random = createRandom(`build ${history.seed} ${build.hash}`);
  const tarball = inventTarball(node, random);
  return Build.parse({
    name: node.name,
    version: node.version,
    hash: node.hash,
    published: build.published.toISOString().replace('.000Z', 'Z'),
    tarball,
    contents: inventContents(node, random),
    image: inventImage(history, node.hash, random),
    origin: inventOrigin(build),
    ...inventTimes(node),
  });
}

/** One in ten builds is older than the recording of times. */
function inventTimes({ name, hash }: Node): Pick<Build, 'times' | 'logSize'> {
  const random = createRandom(`times ${hash}`);
  if (random.chance(0.1)) return {};
  const usual = createRandom(`seconds ${name}`).logNormal(MEDIAN_SECONDS, 1.4);
  const seconds = Math.min(20_000, random.logNormal(usual, 0.2));
  const tenth = (value: number): number => Math.round(value * 10) / 10;
  return {
    times: {
      total: tenth(seconds),
      phases: [
        { name: 'configure', seconds: tenth(seconds * 0.2) },
        { name: 'build', seconds: tenth(seconds * 0.7) },
        { name: 'install', seconds: tenth(seconds * 0.05) },
      ],
    },
    logSize: Math.round(random.logNormal(9_000, 1)),
  };
}

function inventTarball(node: Node, random: Random): Build['tarball'] {
  const usual = createRandom(`size ${node.name}`).logNormal(MEDIAN_TARBALL_BYTES, 1.9);
  const size = Math.round(Math.min(LARGEST_TARBALL_BYTES, Math.max(1_500, random.logNormal(usual, 0.2))));
  const installedSize = Math.round(size * (2.2 + random.fraction() * 2));
  return {
    ...inventBlob(`tarball ${node.hash}`, size),
    uncompressedDigest: `sha256:${inventSha256(`tar ${node.hash}`)}`,
    installedSize,
    files: Math.max(6, Math.round(installedSize / random.logNormal(30_000, 0.8))),
  };
}

function inventImage(history: History, hash: DagHash, random: Random): Build['image'] {
  const { node } = nodeOf(history.nodes, hash);
  const layers = runtimeClosure(history.nodes, hash).length;
  const stem = fileStem(node).replaceAll(/[^A-Za-z0-9_.-]/g, '_');
  const tag = `${stem}.spack`;
  // A dependency published after its dependents is missing from their images, too.
  const runnable = layers <= LAYERS_LIMIT && !random.chance(0.01);
  const configBytes = CONFIG_BYTES + dagOf(history.nodes, hash).length * CONFIG_BYTES_PER_NODE;
  return {
    tag: tag.length > 128 ? tag.slice(0, 64) + tag.slice(-64) : tag,
    digest: `sha256:${inventSha256(`image ${hash}`)}`,
    size: 900 + 160 * Math.min(layers, LAYERS_LIMIT),
    config: inventBlob(`config ${hash}`, configBytes),
    runnable,
  };
}

function inventOrigin({ round, run }: HistoryBuild): Origin {
  return {
    run: `https://github.com/example/spack-build-cache/actions/runs/${9_000_000_000 + run}`,
    commit: inventCommit(`repository ${round.age}`),
    spack:
      SPACK_VERSIONS[
        SPACK_VERSIONS.length - 1 - Math.min(SPACK_VERSIONS.length - 1, Math.floor(round.age / 8))
      ] ?? '1.0.0',
    packages: inventCommit(`packages ${round.age}`),
    runner: round.platform.runner,
  };
}

function inventBlob(label: string, size: number): Blob {
  return { digest: `sha256:${inventSha256(label)}`, size };
}
