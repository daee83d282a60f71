import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { stringify } from 'yaml';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Contents } from '../../site/schemas/build.ts';
import type { Node } from '../../site/schemas/node.ts';
import { inventContents, INSTALL_ROOT, prefixOf } from './contents.ts';
import { runtimeClosure } from './dag.ts';
import { createRandom } from './random.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';

/** Offset of the operating system in gzip's header, and the value that Python writes there. */
const GZIP_SYSTEM_OFFSET = 9;
const GZIP_SYSTEM_UNKNOWN = 255;

/** A file in a prefix, with its relative path: a text, or the target of a symbolic link. */
interface PrefixFile {
  path: string;
  text?: string | Buffer;
  link?: string;
  executable?: boolean;
}

/**
 * Packs a tiny install prefix as Spack does: parent folders first, owned by root, without times, files before
 * folders, `.spack/binary_distribution` last. Its programs are scripts that contain their own prefix, so that
 * they must be relocated; its libraries are texts.
 * @param specText the spec file that Spack keeps in the prefix
 * @param payload an additional file that makes it as large as real ones
 */
export async function packTarball(
  nodes: ReadonlyMap<DagHash, SpecNode>,
  { node }: SpecNode,
  specText: string,
  payload?: Buffer,
): Promise<Buffer> {
  const contents = inventContents(node, createRandom(`contents ${node.hash}`));
  const large = payload ? [{ path: 'share/payload', text: payload }] : [];
  const files = [...metadataFiles(node, specText), ...prefixFiles(node, contents), ...large].sort(
    compareAsSpack,
  );
  const tar = pack();
  const root = contents.prefix.slice(1);
  const folders = new Set<string>();
  const addFolder = (path: string): void => {
    if (path === '.' || folders.has(path)) return;
    addFolder(posix.dirname(path));
    folders.add(path);
    tar.entry({ name: path, type: 'directory', mode: 0o755, ...NOBODY });
  };
  const addFile = ({ path, text, link, executable }: PrefixFile): void => {
    const name = posix.join(root, path);
    addFolder(posix.dirname(name));
    if (link !== undefined) tar.entry({ name, type: 'symlink', linkname: link, mode: 0o755, ...NOBODY });
    else tar.entry({ name, mode: executable ? 0o755 : 0o644, ...NOBODY }, text ?? '');
  };
  for (const file of files) addFile(file);
  addFile({ path: '.spack/binary_distribution', text: buildInfoText(nodes, node, contents) });
  tar.finalize();
  return gzipAsPython(await buffer(tar));
}

/** Compresses like Python's `GzipFile` with an empty name and no time. */
export function gzipAsPython(bytes: Uint8Array): Buffer {
  const compressed = gzipSync(bytes, { level: 6 });
  compressed[GZIP_SYSTEM_OFFSET] = GZIP_SYSTEM_UNKNOWN;
  return compressed;
}

const NOBODY = { uid: 0, gid: 0, mtime: new Date(0) };

function metadataFiles({ arch }: Node, specText: string): PrefixFile[] {
  const environment = {
    host_os: arch.platform_os,
    platform: arch.platform,
    host_target: typeof arch.target === 'string' ? arch.target : arch.target.name,
    hostname: 'builder',
    spack_version: '1.2.0.dev0',
    kernel_version: '#1 SMP',
  };
  return [
    { path: '.spack/install_environment.json', text: JSON.stringify(environment) },
    { path: '.spack/install_manifest.json', text: '{}' },
    { path: '.spack/spec.json', text: specText },
  ];
}

function prefixFiles({ name, version }: Node, { prefix, programs, libraries }: Contents): PrefixFile[] {
  // The longest name is the library, the others are links to it.
  const newest = [...libraries].sort((one, other) => other.length - one.length);
  const target = (file: string) => newest.find((other) => other !== file && other.startsWith(stemOf(file)));
  return [
    ...programs.map((program) => ({
      path: `bin/${program}`,
      text: `#!/bin/sh\n# Installed in ${prefix}\necho "${program} of ${name} ${version}"\n`,
      executable: true,
    })),
    ...libraries.map((file) => {
      const link = target(file);
      return link !== undefined && link.length > file.length
        ? { path: `lib/${file}`, link }
        : { path: `lib/${file}`, text: `invented library ${file} of ${name} ${version}\n`, executable: true };
    }),
    { path: `share/doc/${name}/README`, text: `${name} ${version}, invented.\n` },
  ];
}

/** Stem of a library's name: `libz` for `libz.so.1` and `libz.1.dylib`. */
function stemOf(file: string): string {
  return `${file.split('.')[0]}.`;
}

function buildInfoText(nodes: ReadonlyMap<DagHash, SpecNode>, node: Node, contents: Contents): string {
  const { prefix, programs } = contents;
  const closure = runtimeClosure(nodes, node.hash).reverse();
  const info = {
    sbang_install_path: `${INSTALL_ROOT}/bin/sbang`,
    buildpath: INSTALL_ROOT,
    spackprefix: '/opt/spack',
    relative_prefix: posix.relative(INSTALL_ROOT, prefix),
    hardlinks_deduped: true,
    hash_to_prefix: Object.fromEntries(closure.map((found) => [found.node.hash, prefixOf(found.node)])),
    relocate_binaries: [],
    relocate_links: [],
    relocate_textfiles: programs.map((program) => `bin/${program}`),
  };
  return stringify(info, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 });
}

/** Compares in Spack's order of a prefix: within a folder files before folders, each sorted. */
function compareAsSpack(one: PrefixFile, other: PrefixFile): number {
  const [left, right] = [one.path.split('/'), other.path.split('/')];
  const depth = left.findIndex((part, index) => part !== right[index]);
  const isFile = (parts: string[]) => (depth === parts.length - 1 ? 0 : 1);
  if (isFile(left) !== isFile(right)) return isFile(left) - isFile(right);
  return (left[depth] ?? '') < (right[depth] ?? '') ? -1 : 1;
}
