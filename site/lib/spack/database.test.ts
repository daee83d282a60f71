import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Database } from '../../../tests/world/database.ts';
import { MirrorManifest } from '../../schemas/mirror-manifest.ts';
import { Node } from '../../schemas/node.ts';
import { databaseText } from './database.ts';
import { splitNodes } from './node-text.ts';
import type { SpecNode } from './dag.ts';

const CACHE = 'tests/fixtures/cache-unsigned';

test('writes the same index as Spack, byte for byte if the manifests are in the same order', () => {
  const { nodes } = readCache();
  const text = readBlob('616bcf92f660ae029544331edca4a084b62fd642898825dbae894af4a394d1f5').toString();
  const { installs } = Database.parse(JSON.parse(text)).database;
  // Spack reached these three through others before it read their own manifests.
  const isLate = (hash: string): boolean => /^(yjlf2d3z|uoxsn4d2|vkw5xvdp)/.test(hash);
  const binaries = Object.keys(installs).filter((hash) => installs[hash]?.in_buildcache);
  const roots = [...binaries.filter((hash) => !isLate(hash)), ...binaries.filter(isLate)];
  expect(databaseText(roots, nodes) === text).toBe(true);
});

test('writes the same records as Spack whatever the order of the manifests', () => {
  const { roots, nodes } = readCache();
  const spack = readBlob('616bcf92f660ae029544331edca4a084b62fd642898825dbae894af4a394d1f5').toString();
  const text = databaseText(roots, nodes);
  expect(roots).toHaveLength(12);
  expect(JSON.parse(text)).toEqual(JSON.parse(spack));
  expect(text).toHaveLength(spack.length);
});

test('lists the whole DAG of a root but marks only the root', () => {
  const { nodes } = readCache();
  const tree = 'mgvrpqcayml2t34bqu5anstlc53ooayw';
  const { installs } = Database.parse(JSON.parse(databaseText([tree], nodes))).database;
  expect(Object.keys(installs)).toEqual([
    'jrtxylmzw232laxox2s5a5wkhr7skrim',
    'umaathbgr6kg2kzf3jswhf573qudbx7w',
    'qggmgd43aeio7nlqwjdua7qykkygiboj',
    'yjlf2d3z7kylwpnepd27uvb6gyy3emf5',
    'aegzzu27lhxdy5tqx2iya23xc2u2np6s',
    tree,
  ]);
  expect(Object.values(installs).map((record) => record.in_buildcache)).toEqual([
    false,
    false,
    false,
    false,
    false,
    true,
  ]);
  expect(installs['qggmgd43aeio7nlqwjdua7qykkygiboj']?.ref_count).toBe(2);
});

test('writes an index without builds', () => {
  expect(databaseText([], new Map())).toBe('{"database":{"version":"8","installs":{}}}');
});

test('rejects a DAG with a missing node and names the build that needs it', () => {
  const { nodes } = readCache();
  nodes.delete('qggmgd43aeio7nlqwjdua7qykkygiboj');
  expect(() => databaseText(['mgvrpqcayml2t34bqu5anstlc53ooayw'], nodes)).toThrow(
    /the node glibc\/qggmgd43aeio7nlqwjdua7qykkygiboj is missing, which gcc-runtime@12\.2\.0\/yjlf2d3z7kylwpnepd27uvb6gyy3emf5 depends on/,
  );
});

function readCache(): { roots: string[]; nodes: Map<string, SpecNode> } {
  const folder = join(CACHE, 'v3/manifests/spec');
  const roots: string[] = [];
  const nodes = new Map<string, SpecNode>();
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!path.endsWith('.json')) continue;
    const manifest = MirrorManifest.parse(JSON.parse(readFileSync(join(folder, path), 'utf8')));
    const texts = splitNodes(gunzipSync(readBlob(manifest.data[1]?.checksum ?? '')).toString());
    const parsed = texts.map((text) => ({ text, node: Node.parse(JSON.parse(text)) }));
    roots.push(parsed[0]?.node.hash ?? '');
    for (const entry of parsed) nodes.set(entry.node.hash, entry);
  }
  return { roots, nodes };
}

function readBlob(checksum: string): Buffer {
  return readFileSync(join(CACHE, 'blobs/sha256', checksum.slice(0, 2), checksum));
}
