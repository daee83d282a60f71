import { copyFile, chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, TOOLS, TOOLS_BIN } from './path.ts';
import { runTool } from './run-tool.ts';

/** Installs a Debian package with its dependencies; only for root on Debian and its derivatives. */
export async function installFromDebian(name: string): Promise<void> {
  requireApt();
  if (process.getuid?.() !== 0) throw new Error('only root may install it');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', name];
  try {
    await runApt(install, { env });
  } catch {
    // A new machine has no list of packages, an old one has an outdated list.
    await runApt(['update'], { env });
    await runApt(install, { env });
  }
}

/**
 * Extracts one program from a Debian package without installing it. This needs no root, and starts no service
 * (that of docker-registry would listen on every interface).
 * @param path path of the program in the package, such as `usr/bin/x`
 */
export async function unpackFromDebian(name: string, path: string): Promise<void> {
  requireApt();
  await mkdir(TOOLS_BIN, { recursive: true });
  const folder = await mkdtemp(join(TOOLS, 'debian-'));
  // apt switches to its own user, which must be able to write here.
  await chmod(folder, 0o777);
  try {
    try {
      await runApt(['download', name], { cwd: folder });
    } catch (error) {
      if (process.getuid?.() !== 0) throw error;
      await runApt(['update'], {});
      await runApt(['download', name], { cwd: folder });
    }
    const [archive] = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get download ${name} left no .deb file`);
    await runTool('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: folder });
    const target = join(TOOLS_BIN, name);
    await copyFile(join(folder, 'unpacked', path), `${target}.new`);
    await rename(`${target}.new`, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs apt-get. Test runs on one machine take turns: apt waits for the lock of dpkg, but not for those of its
 * lists and downloads.
 */
function runApt(args: string[], options: Parameters<typeof runTool>[2]): Promise<string> {
  const all = ['-q', '-o', 'DPkg::Lock::Timeout=600', ...args];
  // Without root it takes no lock.
  if (process.getuid?.() !== 0) return runTool('apt-get', all, options);
  return runTool('flock', ['/var/lib/apt', 'apt-get', ...all], options);
}

function requireApt(): void {
  if (findProgram('apt-get') === undefined) throw new Error('this is not Debian: there is no apt-get');
}
