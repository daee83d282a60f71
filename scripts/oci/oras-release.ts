import { execFileSync } from 'node:child_process';

/** The version of ORAS that workflows install and tests use. */
export const ORAS_VERSION = '1.3.4';

/**
 * Sums of the release's archives by `<process.platform>-<process.arch>`. Source: `oras_1.3.4_checksums.txt` of
 * https://github.com/oras-project/oras/releases/tag/v1.3.4; for another version take its own list.
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

/** The version that a program says it has; undefined when there is no such program, or it is not ORAS. */
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
