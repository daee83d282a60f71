import { createCipheriv } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobOfFile } from '../../scripts/cli/digest.ts';
import { dagOf, nodeOf } from '../generate/dag.ts';
import { inventHistory } from '../generate/history.ts';
import { packTarball } from '../generate/tarball.ts';
import type { Figures } from './bench.ts';
import { measureProgram, median, round } from './stopwatch.ts';

const INSPECTOR = join(import.meta.dirname, 'inspect-tarball.ts');
const TIMES = 3;
const MEGABYTE = 1_000_000;

/**
 * Compares the check of one large tarball with reading and hashing its bytes, packed and unpacked.
 * @param megabytes size of the tar
 */
export async function benchTarball(folder: string, megabytes: number): Promise<Figures> {
  const { nodes, builds } = inventHistory({ builds: 1, seed: 1 });
  const [hash] = builds.keys();
  const root = nodeOf(nodes, hash ?? '');
  const texts = dagOf(nodes, root.node.hash).map(({ text }) => text);
  const spec = `{"spec":{"_meta":{"version":5},"nodes":[${texts.join(',')}]}}`;
  const file = join(folder, 'tarball.tar.gz');
  await writeFile(file, await packTarball(nodes, root, spec, inventPayload(megabytes * MEGABYTE)));
  const { digest } = await blobOfFile(file);
  const check = await median(TIMES, () =>
    measureProgram(process.execPath, [INSPECTOR, file, digest, root.node.arch.platform]),
  );
  const hashing = await median(TIMES, () =>
    measureProgram('sh', ['-c', 'sha256sum "$0"; gzip -dc "$0" | sha256sum', file]),
  );
  return {
    megabytes,
    cpuSeconds: check.cpuSeconds,
    cpuSecondsOfHashing: hashing.cpuSeconds,
    mebibytes: check.mebibytes,
    timesHashing: round(check.cpuSeconds / hashing.cpuSeconds),
  };
}

/** Digits that gzip halves, as it does with programs: a block that repeats beyond its window. */
function inventPayload(bytes: number): Buffer {
  const random = createCipheriv('aes-256-ctr', Buffer.alloc(32), Buffer.alloc(16)).update(
    Buffer.alloc(MEGABYTE),
  );
  return Buffer.alloc(bytes, random.toString('hex'));
}
