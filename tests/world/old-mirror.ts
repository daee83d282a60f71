import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, gunzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { extract, pack } from 'tar-stream';
import { z } from 'zod';
import { parseMirrorManifest } from '../../scripts/build-cache/mirror-manifest.ts';
import { digestFrom, mirrorBlobPath } from '../../site/schemas/digest.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { SpecFile } from '../../site/schemas/spec-file.ts';
import { targetOf } from '../../site/schemas/node.ts';

/** Signs a text like `gpg --clearsign`. */
export type ClearSign = (text: string) => Promise<string>;

/** Options for a mirror from before Spack 1.0. */
export interface OldMirrorOptions {
  /** A v3 build cache written by Spack. */
  cache: string;
  directory: string;
  sign?: ClearSign;
  /** Names of the packages to include (default: all). */
  packages?: readonly string[] | undefined;
  /**
   * Whether to write the format of Spack up to 0.19: a tar around each tarball, with paths without install
   * prefix.
   */
  isNested?: boolean;
}

/** A build with its file names in layout v2. */
export interface OldBuild {
  name: string;
  hash: string;
  /** Path below `build_cache`. */
  specFile: string;
  archive: string;
}

/**
 * Converts a v3 build cache to layout v2: `build_cache/index.json`, `*.spec.json[.sig]` and `.spack`
 * archives.
 * Source: `v2_tarball_path_name` and `_migrate_spec` in buildcache_migrate.py of Spack 1.1.
 */
export async function makeOldMirror({
  cache,
  directory,
  sign,
  packages,
  isNested,
}: OldMirrorOptions): Promise<OldBuild[]> {
  const blob = (checksum: string) => join(cache, mirrorBlobPath(digestFrom(checksum)));
  const builds: OldBuild[] = [];
  for (const path of listSpecManifests(cache)) {
    if (packages?.some((name) => path.includes(`/spec/${name}/`)) === false) continue;
    const [tarball, spec] = readRecords(path);
    const text = gunzipSync(readFileSync(blob(spec ?? ''))).toString();
    const bytes = isNested
      ? await withoutPrefix(readFileSync(blob(tarball ?? '')))
      : readFileSync(blob(tarball ?? ''));
    const [node] = SpecFile.parse(JSON.parse(text)).spec.nodes;
    if (!node) throw new Error(`${path}: expected a node`);
    const { platform, platform_os: os } = node.arch;
    const arch = `${platform}-${os}-${targetOf(node)}`;
    const compiler = node.dependencies.some(({ parameters }) => parameters.virtuals.includes('c'))
      ? 'gcc-12.2.0'
      : 'none-none';
    const stem = `${arch}-${compiler}-${node.name}-${node.version}-${node.hash}`;
    const checksum = { hash_algorithm: 'sha256', hash: createHash('sha256').update(bytes).digest('hex') };
    const specText = JSON.stringify(
      {
        ...(JSON.parse(text) as object),
        buildcache_layout_version: isNested ? 1 : 2,
        binary_cache_checksum: checksum,
      },
      null,
      0,
    ).replaceAll(/([{,])(?=["{])/g, '$1\n');
    const build = {
      name: node.name,
      hash: node.hash,
      specFile: `${stem}.spec.json${sign ? '.sig' : ''}`,
      archive: `${arch}/${compiler}/${node.name}-${node.version}/${stem}.spack`,
    };
    write(join(directory, 'build_cache', build.specFile), sign ? await sign(specText) : specText);
    const archive = isNested ? await nest(stem, specText, bytes) : bytes;
    write(join(directory, 'build_cache', build.archive), archive);
    builds.push(build);
  }
  const index = parseMirrorManifest(
    readFileSync(join(cache, 'v3/manifests/index/index.manifest.json'), 'utf8'),
    cache,
  );
  const record = index.data.find(({ mediaType }) => mediaType === INDEX_MEDIA_TYPE);
  cpSync(blob(record?.checksum ?? ''), join(directory, 'build_cache/index.json'));
  return builds;
}

/**
 * Writes pages in the form of autamus/spack-build-cache, one per package of a mirror of the oldest layout.
 * All but the first refer to the spec file of the first.
 * @param repository repository of the registry with the archives, each a separate package
 */
export function makePages(
  directory: string,
  mirror: string,
  builds: readonly OldBuild[],
  repository: string,
): void {
  const folder = join(directory, 'docs/_cache/21.11/build_cache');
  const [first] = builds;
  for (const build of builds) {
    cpSync(join(mirror, 'build_cache', build.specFile), join(folder, build.specFile));
    const title = build.specFile.replace('.spec.json', '.spack');
    write(
      join(folder, `${title}:latest.md`),
      `---\ntitle: ${title}:latest\ncategories: spack-package\njson: ${first?.specFile ?? ''}\n` +
        `content_type: "application/vnd.spack.package"\npackage: ${repository}/${title}:latest\n---\n`,
    );
  }
}

function listSpecManifests(cache: string): string[] {
  const folder = join(cache, 'v3/manifests/spec');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.spec.manifest.json'))
    .sort()
    .map((name) => join(folder, name));
}

function readRecords(path: string): string[] {
  const { data } = z
    .object({ data: z.array(z.object({ checksum: z.string() })) })
    .parse(JSON.parse(readFileSync(path, 'utf8')));
  return data.map(({ checksum }) => checksum);
}

/** Returns the tarball with only the last folder of the install prefix in its paths. */
async function withoutPrefix(tarball: Buffer): Promise<Buffer> {
  const tar = extract();
  const out = pack();
  const chunks: Buffer[] = [];
  const writing = pipeline(out, createGzip(), async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) chunks.push(chunk);
  });
  const reading = pipeline(Readable.from([tarball]), createGunzip(), tar);
  for await (const entry of tar) {
    const { name, linkname, ...header } = entry.header;
    const cut = (path: string) => /[^/]+-[a-z2-7]{32}(?:\/.*)?$/.exec(path)?.[0];
    const kept = cut(name);
    if (kept === undefined) {
      entry.resume();
      continue;
    }
    const target = header.type === 'link' ? cut(linkname ?? '') : linkname;
    const { type, mode, size } = header;
    const copy = { name: kept, type, mode, size, ...(target ? { linkname: target } : {}) };
    if (type === 'file' && size) await pipeline(entry, out.entry(copy));
    else {
      out.entry(copy);
      entry.resume();
    }
  }
  out.finalize();
  await Promise.all([reading, writing]);
  return Buffer.concat(chunks);
}

async function nest(stem: string, specText: string, tarball: Buffer): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: `${stem}.spec.json` }, specText);
  archive.entry({ name: `${stem}.tar.gz` }, tarball);
  archive.finalize();
  return Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Uint8Array>));
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
