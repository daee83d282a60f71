import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, TOOLS, TOOLS_BIN } from './path.ts';
import { runTool } from './run-tool.ts';

/**
 * Builds a program from the Go module proxy; everything Go leaves behind goes away again.
 * @param module path and version: `github.com/nektos/act@v0.2.89`
 */
export async function installGoProgram(module: string): Promise<void> {
  const go = findProgram('go') ?? '/usr/local/go/bin/go';
  const scratch = join(TOOLS, `go-${module.replaceAll(/[^\w.]/g, '-')}`);
  await mkdir(TOOLS_BIN, { recursive: true });
  const env = {
    GOBIN: TOOLS_BIN,
    GOPATH: scratch,
    GOCACHE: join(scratch, 'cache'),
    // Writable, so that the folder can be deleted.
    GOFLAGS: '-modcacherw',
    // Some ask for a newer Go than Debian's; Go fetches it by itself.
    GOTOOLCHAIN: 'auto',
    CGO_ENABLED: '0',
  };
  try {
    await runTool(go, ['install', module], { env });
  } catch (error) {
    throw new Error('it is built with Go (https://go.dev/dl)', { cause: error });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
