import '../zod-settings.ts';
import { z } from 'zod';
import { formatFingerprint, formatNumber, formatSize } from '../../lib/format.ts';
import { base32, hashTexts, withSuffix } from '../../lib/spack/dag-hash.ts';
import { splitNodes } from '../../lib/spack/node-text.ts';
import { splitSigned, verifyManifest } from '../../lib/spack/signed-manifest.ts';
import { PublishedBuild } from '../../schemas/api/spec-document.ts';
import type { Blob } from '../../schemas/build.ts';
import { MirrorManifest, SPEC_MEDIA_TYPE, TARBALL_MEDIA_TYPE } from '../../schemas/mirror-manifest.ts';
import { fileStem, Node } from '../../schemas/node.ts';
import { digestFrom, mirrorBlobPath } from '../../schemas/digest.ts';
import { fetchNodeText } from '../spec-files.ts';
import { BASE } from '../site.ts';
import { documentOf, type ShownBuild } from '../build/shown-build.ts';

/** Result of a check. `open`: it was not checked. */
export interface Check {
  state: 'good' | 'bad' | 'open';
  /** One sentence. */
  text: string;
}

const SpecDocument = z.object({ build: PublishedBuild });

const KeyList = z.object({ keys: z.array(z.object({ fingerprint: z.string() })) });

/**
 * Checks everything about a build that can be checked without its tarball: its DAG
 * hash, the manifest's signature and digests, the spec file and each node in it. Yields
 * each result when it is known. Throws if a file cannot be loaded.
 */
export async function* verifyBuild(shown: ShownBuild): AsyncGenerator<Check> {
  const { build } = await fetchDocument(shown);
  const nodeText = await fetchNodeText({ name: build.name, hash: shown.hash });
  yield await checkNode(Node.parse(JSON.parse(nodeText)), nodeText, shown.hash);

  const stem = encodeURIComponent(fileStem(build));
  const manifest = await fetchText(`/v3/manifests/spec/${build.name}/${stem}.spec.manifest.json`);
  const keys = shown.hasKeys ? await fetchKeys() : [];
  const { check, text } = await checkSignature(manifest, keys);
  yield check;
  // The content of a manifest without a valid signature proves nothing.
  if (text === undefined) return;
  yield checkRecords(text, build);

  if (!shown.hasSpecFile) {
    yield { state: 'open', text: 'The spec file was not read: only the registry has it.' };
    return;
  }
  const { config } = build.image;
  const specFile = await fetchBytes(`/${mirrorBlobPath(config.digest)}`);
  yield* checkSpecFile(new Uint8Array(specFile), config, nodeText);
}

async function fetchDocument(shown: ShownBuild): Promise<z.infer<typeof SpecDocument>> {
  return SpecDocument.parse(JSON.parse(await fetchText(documentOf(shown))));
}

async function fetchKeys(): Promise<string[]> {
  const { keys } = KeyList.parse(JSON.parse(await fetchText('/api/keys.json')));
  return Promise.all(keys.map(({ fingerprint }) => fetchText(`/keys/${fingerprint}.asc`)));
}

/** Downloads a build's tarball and checks its digest. */
export async function verifyTarball(shown: ShownBuild): Promise<Check> {
  const { tarball } = (await fetchDocument(shown)).build;
  const bytes = await fetchBytes(`/${mirrorBlobPath(tarball.digest)}`);
  const fits = digestFrom(await digestHex('SHA-256', bytes)) === tarball.digest;
  return fits
    ? {
        state: 'good',
        text: `The tarball (${formatSize(bytes.byteLength)}) has the digest on this page.`,
      }
    : { state: 'bad', text: 'The tarball does not have the digest on this page.' };
}

async function checkNode(node: Node, text: string, hash: string): Promise<Check> {
  const actual = await findHash(node, text);
  if (actual === hash)
    return { state: 'good', text: 'The DAG hash, recomputed from the spec, matches this page.' };
  const old = (node.annotations?.original_specfile_version ?? 5) < 5;
  if (old)
    return {
      state: 'open',
      text: 'The DAG hash could not be checked: an older Spack made it from a text that is not kept.',
    };
  return { state: 'bad', text: `The spec has the DAG hash ${actual}, which does not match this page.` };
}

/** The node's own hash if one of Spack's rules gives it, or else the result of the usual rule. */
async function findHash(node: Node, text: string): Promise<string> {
  const hashes = await Promise.all(
    [...hashTexts({ node, text })].map(async (hashed) => {
      const bytes = new TextEncoder().encode(hashed.text);
      return withSuffix(node, base32(new Uint8Array(await crypto.subtle.digest('SHA-1', bytes))));
    }),
  );
  return hashes.find((hash) => hash === node.hash) ?? hashes[0] ?? '';
}

async function checkSignature(manifest: string, keys: string[]): Promise<{ check: Check; text?: string }> {
  try {
    const { text, signed } = splitSigned(manifest);
    if (!signed) return { check: { state: 'open', text: 'The manifest is not signed.' }, text };
    const verified = await verifyManifest(manifest, keys);
    const key = formatFingerprint(verified.signedBy);
    return {
      check: { state: 'good', text: `The manifest is signed by the key ${key}.` },
      text: verified.text,
    };
  } catch (error) {
    return {
      check: { state: 'bad', text: `The ${error instanceof Error ? error.message : 'manifest is bad'}.` },
    };
  }
}

function checkRecords(text: string, { tarball, image }: PublishedBuild): Check {
  const { data } = MirrorManifest.parse(JSON.parse(text));
  const names = (mediaType: string, blob: Blob): boolean =>
    data.some(
      (record) =>
        record.mediaType === mediaType &&
        digestFrom(record.checksum) === blob.digest &&
        record.contentLength === blob.size,
    );
  if (names(TARBALL_MEDIA_TYPE, tarball) && names(SPEC_MEDIA_TYPE, image.config) && data.length === 2) {
    return {
      state: 'good',
      text: 'The manifest names the tarball and the spec file with the digests on this page.',
    };
  }
  return { state: 'bad', text: 'The manifest names a different tarball or spec file than this page.' };
}

async function* checkSpecFile(
  bytes: Uint8Array<ArrayBuffer>,
  blob: Blob,
  nodeText: string,
): AsyncGenerator<Check> {
  if (digestFrom(await digestHex('SHA-256', bytes)) !== blob.digest) {
    yield { state: 'bad', text: 'The spec file is not the one that the manifest names.' };
    return;
  }
  const texts = splitNodes(new TextDecoder().decode(bytes));
  yield texts[0] === nodeText
    ? { state: 'good', text: 'The spec file is the one that the manifest names, and contains this spec.' }
    : { state: 'bad', text: 'The spec file is the one that the manifest names, but contains another spec.' };
  const nodes = texts.slice(1).map((text) => ({ node: Node.parse(JSON.parse(text)), text }));
  const results = await Promise.all(
    nodes.map(async ({ node, text }) => ({ node, fits: (await findHash(node, text)) === node.hash })),
  );
  const wrong = results.filter(({ fits }) => !fits).map(({ node }) => node);
  const proven = results.length - wrong.length;
  if (proven > 0)
    yield {
      state: 'good',
      text: `${formatNumber(proven, 'dependency', 'dependencies')} recomputed: each matches its hash.`,
    };
  for (const { name, external } of wrong) {
    yield external
      ? { state: 'open', text: `The external ${name} cannot be verified: the builder’s system provided it.` }
      : { state: 'bad', text: `The dependency ${name} does not match its hash.` };
  }
}

async function fetchText(path: string): Promise<string> {
  return new TextDecoder().decode(await fetchBytes(path));
}

async function fetchBytes(path: string): Promise<ArrayBuffer> {
  // The browser's cached copy is not the file to check.
  const response = await fetch(BASE + path, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${BASE}${path}: the site answered ${response.status}`);
  return response.arrayBuffer();
}

async function digestHex(algorithm: 'SHA-256', bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
