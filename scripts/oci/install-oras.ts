import { execFile, execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { withTemporaryFolder } from '../cli/files.ts';
import { ask, readLimited } from '../http/request.ts';
import { retry } from '../http/retry.ts';

/** Address of the releases, without `/v<version>/<archive>`. */
const RELEASES = 'https://github.com/oras-project/oras/releases/download';

/** An archive has about 6 MB. */
const ARCHIVE_LIMIT_BYTES = 64 * 2 ** 20;

/** Options that tests override. */
interface InstallOptions {
  releases?: string;
  sums?: Readonly<Record<string, string>>;
  platform?: NodeJS.Platform;
  arch?: string;
}

/**
 * Installs the program of an ORAS release into a folder. Nothing in an archive is unpacked or run before its
 * sha256 matches the one that this project knows.
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
  const archive = await retry(() => download(url));
  const actual = hash('sha256', archive);
  if (actual !== sum) {
    throw new Error(
      `${url}: expected sha256 ${sum}, found ${actual} in ${archive.length} bytes; nothing was installed. The release ` +
        'was changed, or something on the network answers in its place',
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
  const answer = await ask(url, { headers: { 'user-agent': 'spack-build-cache' } });
  if (answer) return readLimited(answer, ARCHIVE_LIMIT_BYTES);
  throw new Error(`${url}: expected the archive, found status 404`);
}

/** The version of ORAS that workflows install and tests use. */
export const ORAS_VERSION = '1.3.4';

/**
 * SHA-256 sums of the release's archives, keyed by `<process.platform>-<process.arch>`. Source:
 * `oras_1.3.4_checksums.txt` of https://github.com/oras-project/oras/releases/tag/v1.3.4; each version has
 * its own list.
 */
export const ORAS_SHA256: Readonly<Record<string, string>> = {
  'linux-x64': 'f27adb935022d94df8dc77719c322dda592c78a0d57a6f7dcdd8d900b248c454',
  'linux-arm64': '15702c6e3a4a56a8bd8ac5c17efdbcab56d9bada661ccbcf017f5b10c1d89399',
  'darwin-x64': '5e964f3d5a36eb9499a9d3e252a86b09e7adf3e6f6447eec56fd249c6702af7e',
  'darwin-arm64': '217761a9500242ff473de8656b5aca21136ff39e17e9e61fd8936bbfd902704c',
};

/** The file name of the release's archive for a platform, such as `oras_1.3.4_linux_amd64.tar.gz`. */
export function orasArchive(platform: NodeJS.Platform, arch: string): string {
  return `oras_${ORAS_VERSION}_${platform}_${arch === 'x64' ? 'amd64' : arch}.tar.gz`;
}

/** Reads the version that a program reports; undefined when the program does not exist or is not ORAS. */
export function readOrasVersion(program: string): string | undefined {
  try {
    const text = execFileSync(program, ['version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /^Version:\s+(\S+)/m.exec(text)?.[1];
  } catch {
    return undefined;
  }
}
