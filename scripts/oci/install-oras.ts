import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { readLimited, send } from '../http/request.ts';
import { TemporaryError } from '../http/errors.ts';
import { isTemporaryAnswer, readRetryAfter, retry } from '../http/retry.ts';
import { ORAS_SHA256, ORAS_VERSION, orasArchive, readOrasVersion } from './oras-release.ts';

/** Where releases are, before `/v<version>/<archive>`. */
const RELEASES = 'https://github.com/oras-project/oras/releases/download';

/** An archive has some 6 MB. */
const ARCHIVE_LIMIT_BYTES = 64 * 2 ** 20;
const IDLE_MS = 60_000;

/** What tests change. */
export interface InstallOptions {
  releases?: string;
  sums?: Readonly<Record<string, string>>;
  platform?: NodeJS.Platform;
  arch?: string;
  firstRetryMs?: number;
}

/**
 * Puts the program of ORAS's release into a folder. Nothing of an archive is unpacked or run before its sha256 is the
 * one that this project knows.
 * @returns the program's path
 */
export async function installOras(folder: string, options: InstallOptions = {}): Promise<string> {
  const {
    releases = RELEASES,
    sums = ORAS_SHA256,
    platform = process.platform,
    arch = process.arch,
  } = options;
  const sum = sums[`${platform}-${arch}`];
  if (sum === undefined) {
    throw new Error(
      `ORAS for ${platform}-${arch}: expected one of ${Object.keys(sums).join(', ')}; install ORAS ${ORAS_VERSION} ` +
        'by hand and put it on PATH',
    );
  }
  const url = `${releases}/v${ORAS_VERSION}/${orasArchive(platform, arch)}`;
  const archive = await retry(() => download(url), options);
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== sum) {
    throw new Error(
      `${url}: expected sha256 ${sum}, found ${actual} in ${archive.length} bytes; nothing was installed. The release ` +
        'was changed, or something on the way answers in its place',
    );
  }
  await mkdir(folder, { recursive: true });
  const program = path.join(folder, 'oras');
  await withTemporaryFolder(async (scratch) => {
    const file = path.join(scratch, 'oras.tar.gz');
    await writeFile(file, archive);
    await promisify(execFile)('tar', ['-xzOf', file, 'oras'], {
      encoding: 'buffer',
      maxBuffer: 2 ** 28,
    }).then(({ stdout }) => writeFile(`${program}.new`, stdout));
  });
  await chmod(`${program}.new`, 0o755);
  await rename(`${program}.new`, program);
  const version = readOrasVersion(program);
  if (version !== ORAS_VERSION) {
    throw new Error(
      `${program}: expected ORAS ${ORAS_VERSION}, found ${version ?? 'a program that does not run'}`,
    );
  }
  return program;
}

async function download(url: string): Promise<Buffer> {
  const answer = await send(url, { headers: { 'user-agent': 'spack-build-cache' }, idleMs: IDLE_MS });
  const { status, headers } = answer;
  if (status === 200) return readLimited(answer, ARCHIVE_LIMIT_BYTES);
  answer.body.destroy();
  const message = `${url}: expected the archive, found status ${status}`;
  if (isTemporaryAnswer(status, ''))
    throw new TemporaryError(message, { retryAfterMs: readRetryAfter(headers) });
  throw new Error(message);
}
