import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, TOOLS, TOOLS_BIN } from './path.ts';
import { runTool } from './run-tool.ts';

/**
 * Shared cache of modules and compiled packages: the standard library alone takes half a minute to compile.
 */
const CACHE = join(TOOLS, 'go');

/**
 * Builds a program from the Go module proxy; `removeGoCache` removes Go's files afterwards.
 * @param module path and version: `github.com/nektos/act@v0.2.89`
 */
export async function installGoProgram(module: string): Promise<void> {
  const go = findProgram('go') ?? '/usr/local/go/bin/go';
  await mkdir(TOOLS_BIN, { recursive: true });
  const env = {
    GOBIN: TOOLS_BIN,
    GOPATH: CACHE,
    GOCACHE: join(CACHE, 'compiled'),
    // Keeps files writable, so that the folder can be deleted.
    GOFLAGS: '-modcacherw',
    // Some programs require a newer Go than Debian's; Go fetches it automatically.
    GOTOOLCHAIN: 'auto',
    CGO_ENABLED: '0',
  };
  try {
    await runTool(go, ['install', module], { env });
  } catch (error) {
    throw new Error('it is built with Go (https://go.dev/dl)', { cause: error });
  }
}

/** Removes the files left by building programs. */
export function removeGoCache(): Promise<void> {
  return rm(CACHE, { recursive: true, force: true });
}
