import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { startFaultyProxy, type FaultyProxy } from './faulty-proxy.ts';
import { startGhcr, type Ghcr, type GhcrOptions } from './ghcr.ts';
import { findTool, startRegistry, type TestRegistry } from './registry.ts';

/** Servers for tests of registries. After each test they are stopped and all variables are restored. */
export interface Servers {
  startRegistry: typeof startRegistry;
  startProxy: typeof startFaultyProxy;
  /**
   * Starts a registry with GitHub's rules and puts it into `GITHUB_REGISTRIES`; `GITHUB_TOKEN` is not a login
   * yet.
   */
  startGhcr(options: GhcrOptions): Promise<Ghcr>;
  /** Returns a path in the test's own directory, which is also its `DOCKER_CONFIG`. */
  file(name: string): string;
  writeDockerConfig(config: object): Promise<void>;
}

/** To be called once at the top of a test file. Makes ORAS available, but no login of the user. */
export function useServers(): Servers {
  let work = '';
  const running: (TestRegistry | FaultyProxy | Ghcr)[] = [];

  beforeEach(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'registry-test-'));
    vi.stubEnv('ORAS', findTool('oras'));
    vi.stubEnv('DOCKER_CONFIG', work);
    // Inside a workflow the advice would be different.
    vi.stubEnv('GITHUB_ACTIONS', '');
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const server of running.splice(0)) await server.stop();
    await rm(work, { recursive: true, force: true });
  });

  async function keep<T extends TestRegistry | FaultyProxy | Ghcr>(starting: Promise<T>): Promise<T> {
    const server = await starting;
    running.push(server);
    return server;
  }

  const file = (name: string): string => path.join(work, name);
  return {
    startRegistry: (options) => keep(startRegistry(options)),
    startProxy: (target, fault) => keep(startFaultyProxy(target, fault)),
    startGhcr: async (options) => {
      const { host } = await keep(startRegistry());
      const ghcr = await keep(startGhcr(host, options));
      vi.stubEnv('GITHUB_REGISTRIES', ghcr.host);
      return ghcr;
    },
    file,
    writeDockerConfig: (config) => writeFile(file('config.json'), JSON.stringify(config)),
  };
}
