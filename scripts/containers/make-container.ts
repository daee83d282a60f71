import { join, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Extract, Pack } from 'tar-stream';
import type { Stored } from '../../site/lib/registry-address.ts';
import type { Build, Blob } from '../../site/schemas/build.ts';
import { imageAnnotations, searchPathVariable } from '../oci/image.ts';
import type { FindRegistry } from '../oci/open-registry.ts';
import type { Registry } from '../oci/registry.ts';
import { visitEntries } from '../build-cache/tar/entries.ts';
import type { BaseImage } from './base-image.ts';
import { checkVariables, joinVariables, type Variables } from './run-environment.ts';
import { readView, writeLayer, packLayer, type Layer, type LayerEntry } from './write-layer.ts';
import type { WantedContainer } from './images-to-make.ts';
import {
  IMAGE_CONFIG_MEDIA_TYPE,
  IMAGE_INDEX_MEDIA_TYPE,
  IMAGE_LAYER_MEDIA_TYPE,
  IMAGE_MANIFEST_MEDIA_TYPE,
  type Platform,
  type ImageIndex,
} from '../../site/schemas/image-manifest.ts';
import { compareTexts, compareVersions } from '../../site/lib/spack/versions.ts';

/** Parts of a container, except its base image. */
interface ContainerParts {
  /** Builds from `readClosure`. */
  builds: readonly Build[];
  /** Spack's own script for long shebangs. */
  sbang: string;
  /** Run environments that the build job reported: of builds, or of the view. */
  environments: readonly Variables[];
  /** Archive of the view of an environment. */
  view?: string;
  findRegistry: FindRegistry;
  /** Address of the repository, to which registries link. */
  source?: string;
}

/** A container that is ready to push. */
export interface MadeContainer extends ContainerText {
  /** Layers that were created here, with their files. */
  files: Map<Layer, string>;
  /** The builds whose tarballs are layers. */
  builds: readonly Build[];
  warnings: string[];
}

/** Assembles a container and writes its own files to a folder. Throws one sentence when it would not run. */
export async function makeContainer(
  wanted: WantedContainer,
  { image, glibc }: { image: BaseImage; glibc?: string | undefined },
  { builds, sbang, environments, view, findRegistry, source }: ContainerParts,
  folder: string,
): Promise<MadeContainer> {
  expectGlibc(image, glibc, builds);
  const prefixes = builds.map(({ contents }) => contents.prefix);
  const viewRoot = `${installRootOf(prefixes[0] ?? '/')}/view`;
  const files = new Map<Layer, string>();
  const add = async (name: string, write: (file: string) => Promise<Layer>): Promise<Layer> => {
    const file = join(folder, `${name}.tar.gz`);
    const layer = await write(file);
    files.set(layer, file);
    return layer;
  };
  const layers = [await add('sbang', (file) => writeLayer(file, sbangEntries(prefixes, sbang)))];
  // Leave room for the base image, sbang and a view.
  const merged = countToMerge(builds.length, MAX_CONTAINER_LAYERS - image.layers.length - 2);
  if (merged > 0) {
    const lowest = builds.slice(0, merged);
    layers.push(await add('merged', (file) => mergeTarballs(file, lowest, findRegistry)));
  }
  const whole = builds.slice(merged);
  layers.push(...whole.map(layerOf));
  if (view !== undefined) {
    const entries = await readView(view, { root: viewRoot, prefixes }, folder);
    layers.push(await add('view', (file) => writeLayer(file, entries)));
  }
  const checked = environments.map((variables) => checkVariables(variables, [...prefixes, viewRoot]));
  const refused = [...new Set(checked.flatMap((result) => result.refused))];
  const ownPath: Variables = { PATH: searchPathVariable(builds) };
  const text = composeContainer({
    base: image,
    layers,
    env: joinVariables(
      [...checked.map(({ variables }) => variables), ...(view === undefined ? [ownPath] : [])],
      image.config.config?.Env ?? [],
    ),
    platform: wanted.platform,
    annotations: { ...describe(wanted), ...(source ? { 'org.opencontainers.image.source': source } : {}) },
  });
  const warnings =
    refused.length > 0 ? [`left out of its environment: ${refused.slice(0, 20).join(', ')}`] : [];
  return { ...text, files, builds: whole, warnings };
}

function layerOf({ tarball }: Build): Layer {
  return { digest: tarball.digest, size: tarball.size, diffId: tarball.uncompressedDigest };
}

function describe({ environment, roots: [root] }: WantedContainer): Record<string, string> {
  if (environment === undefined && root) return imageAnnotations(root);
  return {
    'org.opencontainers.image.title': environment ?? '',
    'org.opencontainers.image.description': `The environment ${environment}, built by Spack`,
  };
}

/**
 * Refuses a build that needs a newer C library than the base image has, since its programs would not start.
 */
function expectGlibc({ name }: BaseImage, glibc: string | undefined, builds: readonly Build[]): void {
  for (const { name: build, contents } of builds) {
    const needed = contents.glibc;
    if (needed === undefined || (glibc !== undefined && compareVersions(needed, glibc) <= 0)) continue;
    throw new Error(
      `${build} needs glibc ${needed}, and the base image ${name} has ${glibc ?? 'none'}; set a newer baseImage in the settings`,
    );
  }
}

/** The folder that Spack appends repeatedly to pad an install root. */
const PADDING = '/__spack_path_placeholder__';

/**
 * The install root of a prefix, without its padding: long shebangs are patched to `<root>/bin/sbang`. Source:
 * Spack's `sbang_install_path`, and its default projection `<platform>-<target>/<name>-<version>-<hash>`.
 */
function installRootOf(prefix: string): string {
  const padded = prefix.indexOf(`${PADDING}/`);
  return padded > 0 ? prefix.slice(0, padded) : dirname(dirname(prefix));
}

/** Entries for `sbang` below the root of each prefix, since no tarball contains it. */
function sbangEntries(prefixes: readonly string[], sbang: string): LayerEntry[] {
  const roots = new Set(prefixes.map(installRootOf));
  return [...roots].map((root) => ({
    path: `${root.slice(1)}/bin/sbang`,
    kind: 'file' as const,
    executable: true,
    content: sbang,
  }));
}

/**
 * Merges several tarballs into one layer, for containers with more tarballs than an image may have layers.
 * The same tarballs give the same bytes. They were checked when they were published; their digests are
 * checked again here.
 */
export function mergeTarballs(
  file: string,
  builds: readonly (Stored & { tarball: Blob })[],
  findRegistry: FindRegistry,
): Promise<Layer> {
  return packLayer(file, async (tar) => {
    const folders = new Set<string>();
    for (const build of builds) await copyEntries(build.tarball, findRegistry(build), tar, folders);
  });
}

/** Number of the lowest layers to merge into one so that the total does not exceed a limit. */
export function countToMerge(layers: number, limit: number): number {
  return layers <= limit ? 0 : layers - limit + 1;
}

async function copyEntries(
  tarball: Blob,
  registry: Registry,
  tar: Pack,
  folders: Set<string>,
): Promise<void> {
  const source = await registry.openBlob(tarball);
  const send = (reader: Extract) => pipeline(source, createGunzip(), reader);
  await visitEntries(send, async (header, content) => {
    if (header.type === 'file') return pipeline(content, tar.entry(header));
    const isKnown = header.type === 'directory' && folders.has(header.name);
    if (header.type === 'directory') folders.add(header.name);
    if (!isKnown) tar.entry(header);
  });
}

/** Maximum for Docker's storage drivers. */
const MAX_CONTAINER_LAYERS = 127;

/** A container without the digest of its config, which depends only on the config's bytes. */
interface ContainerText {
  configText: string;
  manifestText(config: Blob): string;
}

/** Composes a container from a base image and the layers above it. The same input gives the same bytes. */
export function composeContainer(container: {
  base: BaseImage;
  /** Layers above the base's, lowest first. */
  layers: readonly Layer[];
  /** Lines `NAME=value`. */
  env: readonly string[];
  platform: Platform;
  annotations: Record<string, string>;
}): ContainerText {
  const { base, layers, env, platform } = container;
  const annotations = {
    ...container.annotations,
    'org.opencontainers.image.base.name': base.name,
    'org.opencontainers.image.base.digest': base.digest,
  };
  const { Cmd, User, WorkingDir } = base.config.config ?? {};
  // The base's entry point is dropped, so the arguments of `docker run` are the command.
  const config = {
    Env: env,
    Cmd: Cmd ?? ['/bin/sh'],
    ...(User ? { User } : {}),
    ...(WorkingDir ? { WorkingDir } : {}),
    Labels: annotations,
  };
  const all = [...base.layers, ...layers.map((layer) => ({ mediaType: IMAGE_LAYER_MEDIA_TYPE, ...layer }))];
  const configText = JSON.stringify({
    architecture: platform.architecture,
    os: platform.os,
    config,
    rootfs: { type: 'layers', diff_ids: all.map(({ diffId }) => diffId) },
  });
  return {
    configText,
    manifestText: ({ digest, size }) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: IMAGE_MANIFEST_MEDIA_TYPE,
        config: { mediaType: IMAGE_CONFIG_MEDIA_TYPE, digest, size },
        layers: all.map((layer) => ({ mediaType: layer.mediaType, digest: layer.digest, size: layer.size })),
        annotations,
      }),
  };
}

/** Adds an image to the index of a tag: it replaces the one for its own platform, the others stay. */
export function addToIndex(
  index: Pick<ImageIndex, 'manifests'> | undefined,
  image: Blob,
  { os, architecture }: Platform,
): string {
  const others = (index?.manifests ?? []).filter(
    ({ platform }) => platform && !(platform.os === os && platform.architecture === architecture),
  );
  const own = {
    mediaType: IMAGE_MANIFEST_MEDIA_TYPE,
    digest: image.digest,
    size: image.size,
    platform: { os, architecture },
  };
  const manifests = [...others, own].sort((a, b) => compareTexts(platformName(a), platformName(b)));
  return JSON.stringify({ schemaVersion: 2, mediaType: IMAGE_INDEX_MEDIA_TYPE, manifests });
}

function platformName({ platform }: { platform?: Platform | undefined }): string {
  return `${platform?.os}/${platform?.architecture}/${platform?.variant ?? ''}`;
}
