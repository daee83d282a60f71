import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { decodeText, SPEC_FILE_LIMIT_BYTES } from '../build-cache/build-cache.ts';
import { parseImageReference } from '../oci/registry.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { fetchArchive } from './archive.ts';
import { sortBuilds } from './index-file.ts';
import { completeBuild } from './list-from-spec-files.ts';
import { readChecksum } from './old-mirror-source.ts';
import { openMirrorFiles, type MirrorFiles } from '../build-cache/mirror-files.ts';
import { type Source, type SourceBuild, type Trust, unsignedOnly } from './source.ts';

/** Path at which the site of such a cache lists its packages. */
export const PAGES_MANIFEST = 'manifest/';
/** Folders of its repository that may have the pages. */
export const PAGES_FOLDERS = ['_cache', 'docs/_cache'];
const PAGE_LIMIT_BYTES = 64 * 1024;
const MANIFEST_LIMIT_BYTES = 64 * 1024 * 1024;
/** `linux-ubuntu20.04-x86_64_v4-gcc-10.3.0-zlib-1.2.11-<hash>.spack` */
const PACKAGE = /([^/:@]+-([a-z2-7]{32}))\.spack(?:[:@]|$)/;
const SPEC_FILE = /-([a-z2-7]{32})\.spec\.json$/;
/** The site's own API: source docs/pages/manifest.html of autamus/spack-build-cache. */
const PagesManifest = z.object({ packages: z.array(z.object({ spec: z.url(), url: z.string() })) });

/** A package in a registry and the spec file of the same hash. */
interface PagePackage {
  hash: DagHash;
  stem: string;
  image: string;
  /** Path or address of its spec file. */
  spec: string;
}

/**
 * A cache like autamus/spack-build-cache: pages that name a package in a registry and a spec file. Most pages
 * name another package's spec file, so a package is only matched with the spec file that has its hash in both
 * name and content.
 */
export function openPages(folder: MirrorFiles, trust: Trust): Source {
  const packages = new Map<DagHash, PagePackage>();

  async function list() {
    const { pages, unmatched } = await ((await readSite(folder)) ?? readRepository(folder));
    const builds: SourceBuild[] = [];
    for (const page of pages) {
      packages.set(page.hash, page);
      builds.push(await completeBuild(page.stem, page.hash, page.spec, read));
    }
    return { builds: sortBuilds(builds), unmatched };
  }

  async function read({ hash }: SourceBuild) {
    const page = packages.get(hash);
    if (!page) throw new Error(`${folder.address}: no page names ${hash}`);
    const { bytes, where } = await readSpec(folder, page.spec);
    if (!bytes)
      throw new Error(`${where}: expected the spec file of ${page.image}, found none; it is not imported`);
    const specText = decodeText(bytes, where);
    return {
      where,
      specText,
      ...unsignedOnly(trust, where),
      fetchTarball: (target: string) => fetchPackage(page, target, specText, where),
    };
  }

  return { address: folder.address, list, read };
}

async function fetchPackage({ image, hash }: PagePackage, target: string, specText: string, where: string) {
  const { repository, tagOrDigest } = parseImageReference(image);
  const registry = openRegistry(repository);
  const manifest = (await registry.readManifest(tagOrDigest))?.manifest;
  const [layer, ...others] = manifest?.layers ?? [];
  if (!layer || others.length > 0) {
    const count = manifest ? `${manifest.layers.length} layers` : 'no such package';
    throw new Error(`${image}: expected a package of one layer, found ${count}; it is not imported`);
  }
  const open = () => registry.openBlob(layer);
  return fetchArchive({ open, where: image, target, hash, expected: readChecksum(specText, where) });
}

/** The packages that the site lists; undefined when the place is not a site. */
async function readSite(folder: MirrorFiles) {
  if (await folder.list('')) return undefined;
  const where = folder.locate(PAGES_MANIFEST);
  const bytes = await folder.read(PAGES_MANIFEST, MANIFEST_LIMIT_BYTES);
  const { packages } = parseJson(bytes?.toString('utf8') ?? 'null', PagesManifest, {
    where,
    expected: 'a list of packages',
    advice: 'check the address',
  });
  const pages: PagePackage[] = [];
  const unmatched: string[] = [];
  for (const { spec, url } of packages) {
    const [, stem, hash] = PACKAGE.exec(url) ?? [];
    // Regardless of the spec file that the page names, the right one is next to it.
    if (stem === undefined || hash === undefined) unmatched.push(`${where}: ${url} has no hash in its name`);
    else
      pages.push({
        hash,
        stem,
        image: url,
        spec: new URL(`${encodeURIComponent(stem)}.spec.json`, spec).href,
      });
  }
  return { pages, unmatched };
}

/** The packages that the pages of the repository name. */
async function readRepository(folder: MirrorFiles) {
  const files = (await Promise.all(PAGES_FOLDERS.map((path) => walk(folder, path)))).flat().toSorted();
  const specs = new Map<DagHash, string>();
  for (const file of files) {
    const hash = SPEC_FILE.exec(file)?.[1];
    if (hash !== undefined) specs.set(hash, file);
  }
  const pages: PagePackage[] = [];
  const unmatched: string[] = [];
  for (const file of files) {
    if (!file.endsWith('.md')) continue;
    const page = (await folder.read(file, PAGE_LIMIT_BYTES))?.toString('utf8') ?? '';
    const image = /^package: *(\S+) *$/m.exec(page)?.[1] ?? '';
    const [, stem, hash] = PACKAGE.exec(image) ?? [];
    const spec = specs.get(hash ?? '');
    if (stem !== undefined && hash !== undefined && spec !== undefined)
      pages.push({ hash, stem, image, spec });
    else
      unmatched.push(
        `${folder.locate(file)}: expected a package whose spec file exists, found none with the hash ${hash ?? '(no hash in its name)'}`,
      );
    specs.delete(hash ?? '');
  }
  for (const spec of specs.values())
    unmatched.push(`${folder.locate(spec)}: expected a page that names its package, found none`);
  return { pages, unmatched };
}

async function walk(folder: MirrorFiles, path: string, depth = 0): Promise<string[]> {
  const files: string[] = [];
  for (const name of (await folder.list(path)) ?? []) {
    const below = join(path, name);
    if (/\.(?:md|json|pub|html)$/.test(name)) files.push(below);
    else if (depth < 8) files.push(...(await walk(folder, below, depth + 1)));
  }
  return files;
}

async function readSpec(folder: MirrorFiles, spec: string) {
  if (!/^https?:\/\//.test(spec))
    return { bytes: await folder.read(spec, SPEC_FILE_LIMIT_BYTES), where: folder.locate(spec) };
  const cut = spec.lastIndexOf('/') + 1;
  const elsewhere = openMirrorFiles(spec.slice(0, cut));
  return {
    bytes: await elsewhere.read(decodeURIComponent(spec.slice(cut)), SPEC_FILE_LIMIT_BYTES),
    where: spec,
  };
}
