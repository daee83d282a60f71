import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';

/** The same on every runner, since images combine binaries from several runs. */
export const INSTALL_ROOT = '/opt/software';

/** Creates the folder that Spack installs into, with `sudo` where GitHub's runners need it. */
export function prepareInstallRoot(path: string): void {
  if (!path.startsWith('/')) throw new Error(`${path}: expected the absolute path of an install root`);
  if (isWritable(path)) return;
  try {
    mkdirSync(path, { recursive: true });
    if (isWritable(path)) return;
  } catch {
    // No permission; try sudo.
  }
  try {
    execFileSync('sudo', ['-n', 'mkdir', '-p', path], { stdio: 'ignore' });
    execFileSync('sudo', ['-n', 'chown', String(userInfo().uid), path], { stdio: 'ignore' });
  } catch (cause) {
    throw new Error(`${path}: cannot install there; make that folder writable, or give --root DIR`, {
      cause,
    });
  }
}

function isWritable(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
