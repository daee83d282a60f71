import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildFile, manifestFile } from '../../site/lib/catalog/catalog-files.ts';
import type { Build } from '../../site/schemas/build.ts';
import { specManifestText } from '../build-cache/mirror-manifest.ts';
import { addFiles } from '../catalog/new-files.ts';
import { describeError } from '../cli/command.ts';
import { signManifest, splitSigned, verifyManifest, type Signer } from '../signing/signature.ts';
import type { Diagnosis, Fix } from './diagnosis.ts';
import type { FindingCode } from './kinds.ts';
import type { ExaminedCatalog } from './read-catalog.ts';
import { sampleNote, takeDailySample } from './sample.ts';

/**
 * Proves that each manifest names the blobs that its build's record names, and is signed by a key that is published.
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
      report('manifest-differs', expected, 'others, or another form');
    } else if (split.signed) signed.push(build);
    else if (isSignedCache) {
      const expected = 'a signature by a key in keys/, as clients of a signed cache do';
      report('manifest-unsigned', expected, 'none: clients refuse it and build from source');
    }
  }
  diagnosis.count('catalog', 'manifests name what was built', builds.size);

  const armored = [...keys.values()];
  const chosen = takeDailySample(signed, limit, now);
  for (const build of chosen) {
    const where = join(directory, manifestFile(build));
    const manifest = manifests.get(build.hash) ?? '';
    try {
      await verifyManifest(manifest, armored);
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
  }
  if (signed.length > 0)
    diagnosis.count(
      'catalog',
      'signatures are good',
      signed.length,
      sampleNote(chosen.length, signed.length),
    );

  for (const path of read.orphans) {
    diagnosis.add('manifest-orphan', {
      where: join(directory, path),
      expected: 'a manifest of a build that is here',
      found: 'no record of it in builds/',
      fix: () => Promise.resolve(rmSync(join(directory, path))),
    });
  }
}

function trySplit(manifest: string): { text: string; signed: boolean } | { fault: string } {
  try {
    return splitSigned(manifest);
  } catch (error) {
    return { fault: describeError(error).replace(/^manifest: /, '') };
  }
}

/** A manifest follows from its build's record. Without the key a signed cache's is left to `sign`. */
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
