import { createReadStream, statSync } from 'node:fs';
import { inspectTarball } from '../../scripts/build-cache/tar/tarball.ts';
import { Digest } from '../../site/schemas/digest.ts';

/** Checks a tarball as publish does: `node inspect-tarball.ts TARBALL DIGEST PLATFORM`. */
const [file, digest, platform] = process.argv.slice(2);
if (file === undefined || platform === undefined)
  throw new Error('expected a tarball, its digest and a platform');
const blob = { digest: Digest.parse(digest), size: statSync(file).size };
const { tarball } = await inspectTarball(createReadStream(file), { where: file, blob, platform });
console.error(`${tarball.installedSize} B in ${tarball.files} files`);
