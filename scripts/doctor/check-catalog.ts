import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildFile, manifestFile, catalogPath, specFile } from '../../site/lib/catalog/catalog-files.ts';
import type { Build } from '../../site/schemas/build.ts';
import { specManifestText } from '../build-cache/mirror-manifest.ts';
import { addFiles } from '../catalog/catalog.ts';
import { describeError } from '../cli/command.ts';
import { signManifest, type Signer } from '../signing/signer.ts';
import { splitSigned, verifyManifest } from '../../site/lib/spack/signed-manifest.ts';
import type { ExaminedCatalog } from './read-catalog.ts';
import { type Diagnosis, type Fix, type FindingCode } from './diagnosis.ts';
import { DAY_MS, isoSeconds } from '../../site/lib/format.ts';
import { fingerprintOf, readPublicKeys } from '../../site/lib/spack/public-key.ts';
import { findUnreadable } from '../../site/lib/spack/node-faults.ts';
import { computeDagHash, isOwnHash } from '../build-cache/spec-file.ts';
import { imageTag } from '../oci/image.ts';

/**
 * Checks that each manifest names the blobs of its build's record and is signed by a published key.
 * @param limit number of signatures to verify
 */
export async function checkManifests(
  read: ExaminedCatalog,
  diagnosis: Diagnosis,
  { limit, now, signer }: { limit: number; now: Date; signer: Signer | undefined },
): Promise<void> {
  const { directory, catalog } = read;
  const { builds, manifests, keys } = catalog;
  const isSignedCache = keys.size > 0;
  const signed: Build[] = [];
  for (const build of builds.values()) {
    const manifest = manifests.get(build.hash);
    const report = (code: FindingCode, expected: string, found: string): void => {
      const where = join(directory, manifestFile(build));
      diagnosis.add(code, { where, expected, found, ...rewrite(read, build, signer) });
    };
    if (manifest === undefined) {
      report('manifest-missing', `the manifest of ${buildFile(build)}`, 'none');
      continue;
    }
    const split = trySplit(manifest);
    if ('fault' in split) report('manifest-damaged', 'a manifest as Spack and gpg write it', split.fault);
    else if (split.text !== specManifestText(build.tarball, build.image.config)) {
      const blobs = `${build.tarball.digest}, ${build.image.config.digest}`;
      const expected = `the blobs that ${buildFile(build)} names: ${blobs}`;
      report('manifest-differs', expected, 'other blobs, or another format');
    } else if (split.signed) signed.push(build);
    else if (isSignedCache) {
      const expected = 'a signature by a key in keys/, as clients of a signed cache require';
      report('manifest-unsigned', expected, 'none: clients refuse it and build from source');
    }
  }
  diagnosis.count('catalog', 'manifests name what was built', builds.size);
  await checkSignatures(read, diagnosis, signed, { limit, now, signer });
  for (const path of read.orphans) {
    diagnosis.add('manifest-orphan', {
      where: join(directory, path),
      expected: 'a manifest of an existing build',
      found: 'no record of it in builds/',
      fix: () => Promise.resolve(rmSync(join(directory, path))),
    });
  }
}

async function checkSignatures(
  read: ExaminedCatalog,
  diagnosis: Diagnosis,
  signed: readonly Build[],
  { limit, now, signer }: { limit: number; now: Date; signer: Signer | undefined },
): Promise<void> {
  if (signed.length === 0) return;
  const { manifests, keys } = read.catalog;
  const armored = [...keys.values()];
  // An unreadable key is one finding, not one for every manifest.
  const isVerifiable = await Promise.all(armored.map(readPublicKeys)).then(
    () => true,
    () => false,
  );
  const name = 'signatures are good';
  if (!isVerifiable)
    diagnosis.count('catalog', name, signed.length, { checked: 0, note: 'a key in keys/ cannot be read' });
  else
    await diagnosis.sample('catalog', name, signed, { limit, now }, async (build) => {
      const where = join(read.directory, manifestFile(build));
      try {
        await verifyManifest(manifests.get(build.hash) ?? '', armored);
      } catch (error) {
        const found = describeError(error).replace(/^manifest: /, '');
        const isForeign = found.includes('expected one of:');
        diagnosis.add(isForeign ? 'signature-unknown-key' : 'signature-bad', {
          where,
          expected: 'a good signature by a key in keys/',
          found,
          ...rewrite(read, build, signer),
        });
      }
    });
}

function trySplit(manifest: string): { text: string; signed: boolean } | { fault: string } {
  try {
    return splitSigned(manifest);
  } catch (error) {
    return { fault: describeError(error).replace(/^manifest: /, '') };
  }
}

/**
 * A fix that rewrites a manifest from its build's record. Without the key, `sign` has to do that in a signed
 * cache.
 */
function rewrite(
  { directory, catalog: { keys } }: ExaminedCatalog,
  build: Build,
  signer: Signer | undefined,
): { fix?: Fix } {
  if (keys.size > 0 && (!signer || !keys.has(signer.fingerprint))) return {};
  return {
    fix: async () => {
      const text = specManifestText(build.tarball, build.image.config);
      const content =
        signer && keys.size > 0 ? await signManifest(text, signer, new Date(build.published)) : text;
      addFiles(directory, [{ path: manifestFile(build), content, replace: true }]);
    },
  };
}

const PRIVATE_KEY = /-----BEGIN PGP PRIVATE KEY BLOCK-----/;

/** Consumers have to fetch an extended key; this leaves time for several weekly runs. */
const SOON_DAYS = 60;

/** Checks that the public keys are readable, named for their fingerprint, and valid for some time. */
export async function checkKeys(
  { directory, catalog: { keys } }: ExaminedCatalog,
  diagnosis: Diagnosis,
  now: Date,
): Promise<void> {
  for (const [id, armored] of keys) {
    const where = join(directory, catalogPath('keys', id));
    try {
      for (const key of await readPublicKeys(armored)) {
        const fingerprint = fingerprintOf(key);
        if (fingerprint !== id)
          diagnosis.add('key-misnamed', {
            where,
            expected: `the key ${id}`,
            found: `the key ${fingerprint}`,
          });
        if (await key.isRevoked())
          diagnosis.add('key-revoked', {
            where,
            expected: 'a key that signs',
            found: 'a revoked key',
          });
        const expires = await key.getExpirationTime();
        if (!(expires instanceof Date)) continue;
        const found = `it expires on ${expires.toISOString().slice(0, 10)}`;
        if (expires <= now) diagnosis.add('key-expired', { where, expected: 'a key that is valid', found });
        else if (expires.getTime() - now.getTime() < SOON_DAYS * DAY_MS)
          diagnosis.add('key-expires-soon', {
            where,
            expected: `a key that is valid for ${SOON_DAYS} days`,
            found,
          });
      }
    } catch (error) {
      const isSecret = PRIVATE_KEY.test(armored);
      diagnosis.add(isSecret ? 'key-secret' : 'key-unreadable', {
        where,
        expected: 'an armored public key',
        found: describeError(error),
      });
    }
  }
  diagnosis.count('catalog', 'keys are valid', keys.size);
}

/** A runner's clock may be ahead by this much. */
const CLOCK_MS = 3_600_000;

/** Checks that nothing was published later than now: it would be the newest build, and never be pruned. */
export function checkTimes(
  { directory, catalog, containers }: ExaminedCatalog,
  diagnosis: Diagnosis,
  now: Date,
): void {
  const published = [
    ...[...catalog.builds.values()].map((build) => [buildFile(build), build.published] as const),
    ...containers.map(
      (container) => [`containers: ${container.tags.join(', ')}`, container.published] as const,
    ),
  ];
  for (const [path, date] of published) {
    if (Date.parse(date) <= now.getTime() + CLOCK_MS) continue;
    diagnosis.add('time-in-future', {
      where: join(directory, path),
      expected: `a date up to now, ${isoSeconds(now)}`,
      found: `published ${date}`,
    });
  }
  diagnosis.count('catalog', 'dates are not in the future', published.length);
}

/**
 * Recomputes the hash of every node, and checks that every DAG is complete and readable for all clients.
 * @returns whether all nodes are readable
 */
export function checkNodes({ directory, catalog }: ExaminedCatalog, diagnosis: Diagnosis): boolean {
  const { nodes, builds } = catalog;
  const unreadable = findUnreadable(nodes);
  const unproved = new Set(
    [...builds.values()].flatMap(({ unverifiedExternals = [] }) => unverifiedExternals),
  );
  for (const entry of nodes.values()) {
    const { node, text } = entry;
    if (isOwnHash(entry) || (node.external && unproved.has(node.hash))) continue;
    diagnosis.add('hash-mismatch', {
      where: join(directory, specFile(node)),
      expected: `a node whose hash is ${node.hash}`,
      found: `one whose hash is ${computeDagHash(text)}`,
    });
  }
  diagnosis.count('catalog', 'nodes match their hashes', nodes.size);

  const missing = new Set<string>();
  for (const { node, reason, through } of unreadable.values()) {
    if (through === undefined) {
      const expected = 'a node that every client can read';
      diagnosis.add('node-unreadable', { where: join(directory, specFile(node)), expected, found: reason });
    } else if (!nodes.has(through) && !missing.has(through)) {
      missing.add(through);
      const name = node.dependencies.find(({ hash }) => hash === through)?.name ?? '';
      diagnosis.add('node-missing', {
        where: join(directory, 'specs', name),
        expected: `the node ${name}/${through}, which ${node.name}@${node.version}/${node.hash} depends on`,
        found: 'none: every index leaves out builds that need it',
      });
    }
  }
  diagnosis.count('catalog', 'DAGs are complete and readable', builds.size);

  for (const build of builds.values()) {
    const node = nodes.get(build.hash)?.node;
    if (!node) continue;
    const tag = imageTag(node);
    if (build.name === node.name && build.version === node.version && build.image.tag === tag) continue;
    diagnosis.add('build-differs', {
      where: join(directory, 'builds', build.name),
      expected: [node.name, node.version, tag].join(' '),
      found: [build.name, build.version, build.image.tag].join(' '),
    });
  }
  return unreadable.size === 0;
}
