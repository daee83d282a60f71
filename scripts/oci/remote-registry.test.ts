import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { getCACertificates } from 'node:tls';
import { expect, test, vi } from 'vitest';
import { SpecFile } from '../../site/schemas/spec-file.ts';
import { findTool } from '../../tests/world/registry.ts';
import { useServers } from '../../tests/world/servers.ts';
import { splitNodes } from '../../site/lib/spack/node-text.ts';
import { composeImage, imageTag, indexImage } from './image.ts';
import { createLayout } from './layout.ts';
import { openRegistry } from './open-registry.ts';

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const TREE_TAG = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack';
const run = promisify(execFile);
const servers = useServers();

test('pushes a layout and reads it back verbatim', async () => {
  const { host } = await servers.startRegistry();
  const registry = openRegistry(`${host}/Owner/Cache`);
  expect(registry.reference).toBe(`${host}/owner/cache`);
  expect(await registry.describeTag(TREE_TAG)).toBeUndefined();
  expect(await registry.readManifest(TREE_TAG)).toBeUndefined();
  await registry.push(BY_SPACK);
  const read = await registry.readManifest(TREE_TAG);
  expect(read?.descriptor).toEqual(await registry.describeTag(TREE_TAG));
  expect(read?.descriptor).toEqual(await openRegistry(`oci-layout:${BY_SPACK}`).describeTag(TREE_TAG));
  expect(await registry.readManifest(read?.descriptor.digest ?? '')).toEqual(read);
  for (const blob of [read?.manifest.config, ...(read?.manifest.layers ?? [])]) {
    if (!blob) throw new Error('no blob');
    const bytes = await registry.readBlob(blob);
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(blob.digest);
  }
});

test('pushes linked files, and images whose blobs are only in the registry; a second push changes nothing', async () => {
  const { host } = await servers.startRegistry();
  const registry = openRegistry(`${host}/cache`);
  const file = servers.file('layer');
  await writeFile(file, 'bytes');
  const first = await createLayout(servers.file('first'));
  const config = await first.addBytes('{}');
  const blob = { digest: `sha256:${createHash('sha256').update('bytes').digest('hex')}`, size: 5 };
  await first.addFile(file, blob);
  await first.addTag('first', indexImage(blob, config));
  first.close();
  await registry.push(first.dir);
  const second = await createLayout(servers.file('second'));
  const descriptor = await second.addTag(
    'second',
    indexImage(blob, config).replace('{', '{"annotations":{},'),
  );
  second.close();
  expect(await readdir(path.join(second.dir, 'blobs/sha256'))).toHaveLength(1);
  await registry.push(second.dir);
  await registry.push(second.dir);
  expect(await registry.describeTag('second')).toEqual(descriptor);
  expect(String(await registry.readBlob(blob))).toBe('bytes');
});

test('pushes many images at the same time, and sends a layer that many of them need once', async () => {
  const { host } = await servers.startRegistry();
  const proxy = await servers.startProxy(host, () => false);
  const registry = openRegistry(`${proxy.host}/cache`);
  const layout = await createLayout(servers.file('many'));
  const shared = [
    await layout.addBytes(Buffer.alloc(1e6)),
    await layout.addBytes(Buffer.alloc(2e6)),
  ] as const;
  const tags = Array.from({ length: 40 }, (_, at) => `image-${String(at).padStart(2, '0')}`);
  for (const [at, tag] of tags.entries()) {
    const config = await layout.addBytes(`{"tag":"${tag}"}`);
    await layout.addTag(tag, indexImage(shared[at < 20 ? 0 : 1], config));
  }
  layout.close();
  await registry.push(layout.dir);
  expect((await registry.listTags()).sort()).toEqual(tags);
  const sent = proxy.seen.filter(({ line }) => line.startsWith('PUT '));
  for (const { digest } of shared)
    expect(sent.filter(({ line }) => line.includes(digest.slice('sha256:'.length)))).toHaveLength(1);
});

test('sends no request for a layout without tags', async () => {
  const layout = await createLayout(servers.file('empty'));
  layout.close();
  await openRegistry('localhost:1/cache').push(layout.dir);
});

test('works over TLS with the certificate that SSL_CERT_FILE names, and names that variable without it', async () => {
  const { host, certificate = '' } = await servers.startRegistry({ tls: true });
  const registry = openRegistry(`${host}/cache`);
  await expect(registry.describeTag('x')).rejects.toThrow(/certificate that is not trusted .*SSL_CERT_FILE/);
  vi.stubEnv('SSL_CERT_FILE', certificate);
  const trusting = openRegistry(`${host}/cache`);
  await trusting.push(BY_SPACK);
  expect(await trusting.describeTag(TREE_TAG)).toBeDefined();
  const byName = openRegistry(`oci://localhost:${host.split(':')[1]}/cache`);
  expect(await byName.describeTag(TREE_TAG)).toBeDefined();
  // A trusted certificate is not set again.
  const trusted = getCACertificates('default');
  openRegistry(`${host}/other`);
  expect(getCACertificates('default')).toBe(trusted);
});

test('says how to get ORAS when it is missing', async () => {
  vi.stubEnv('ORAS', servers.file('no-oras'));
  const { host } = await servers.startRegistry();
  await expect(openRegistry(`http://${host}/cache`).push(BY_SPACK)).rejects.toThrow(
    /install ORAS with "node scripts\/install-oras\.ts"/,
  );
});

test('gives oras pull one file: the tarball, by its name', async () => {
  const { host } = await servers.startRegistry();
  const fixture = openRegistry(`oci-layout:${BY_SPACK}`);
  const theirs = (await fixture.readManifest(TREE_TAG))?.manifest;
  if (!theirs) throw new Error('the fixture has no such image');
  const specText = String(await fixture.readBlob(theirs.config));
  const [node] = SpecFile.parse(JSON.parse(specText)).spec.nodes;
  if (!node) throw new Error('the fixture has no node');
  const layers = theirs.layers.map(({ digest, size }, index) => ({
    tarball: { digest, size, uncompressedDigest: digest, installedSize: 1, files: 1 },
    contents: { prefix: `/opt/${index}`, programs: [], libraries: [] },
  }));
  const image = composeImage({ nodes: splitNodes(specText), node, layers });
  const layout = await createLayout(servers.file('layout'));
  for (const { digest, size } of theirs.layers) {
    await layout.addFile(path.join(BY_SPACK, 'blobs/sha256', digest.slice(7)), { digest, size });
  }
  await layout.addTag(imageTag(node), image.manifestText(await layout.addBytes(image.configText)));
  layout.close();
  await openRegistry(`${host}/cache`).push(layout.dir);
  const out = servers.file('out');
  await run(findTool('oras'), ['pull', '--plain-http', '--output', out, `${host}/cache:${imageTag(node)}`]);
  expect(await readdir(out)).toEqual(['tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.tar.gz']);
});
