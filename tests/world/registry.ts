import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ORAS_VERSION } from '../../scripts/oci/install-oras.ts';

/** Folder of the tools that `npm test` installs. */
const TOOLS = path.resolve(import.meta.dirname, '../../.work/tools/bin');

/** Time limit for a registry to start, in milliseconds. */
const START_MS = 300_000;

/** Login that a registry with `login: true` accepts; `TEST_PASSWORD_HASH` is its password in bcrypt. */
export const TEST_LOGIN = { username: 'tester', password: 'open sesame' };
const TEST_PASSWORD_HASH = '$2a$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy';

/** A real registry (Debian's `docker-registry`) with an empty store on a free port of 127.0.0.1. */
export interface TestRegistry {
  /** Address `127.0.0.1:PORT`. */
  host: string;
  /** Address `http://127.0.0.1:PORT` or `https://…`. */
  url: string;
  /** With `tls`, the self-signed certificate for 127.0.0.1 and localhost, to be used in `SSL_CERT_FILE`. */
  certificate?: string;
  /** Folder of its repositories in Distribution's storage. */
  repositories: string;
  /** Stops the registry and removes its store. */
  stop(): Promise<void>;
}

/** Starts a registry: with plain HTTP unless `tls`, without login unless `login`. */
export async function startRegistry(options: { tls?: boolean; login?: boolean } = {}): Promise<TestRegistry> {
  const program = findTool('docker-registry');
  const dir = await mkdtemp(path.join(tmpdir(), 'registry-'));
  if (options.tls) await makeCertificate(dir);
  if (options.login) {
    await writeFile(path.join(dir, 'htpasswd'), `${TEST_LOGIN.username}:${TEST_PASSWORD_HASH}\n`);
  }
  await writeFile(path.join(dir, 'config.json'), JSON.stringify(configuration(dir, options)));
  const child = spawn(program, ['serve', path.join(dir, 'config.json')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // Failing tests must not leave a registry running.
  const killChild = (): boolean => child.kill('SIGKILL');
  process.once('exit', killChild);

  async function stop(): Promise<void> {
    process.off('exit', killChild);
    child.kill('SIGKILL');
    await ended;
    await rm(dir, { recursive: true, force: true });
  }

  try {
    const host = await new Promise<string>((resolve, reject) => {
      const log: string[] = [];
      createInterface(child.stderr).on('line', (line) => {
        log.push(line);
        const found = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
        if (found) resolve(found);
      });
      child.once('error', reject);
      child.once('close', () => reject(new Error(`docker-registry ended:\n${log.join('\n')}`)));
      setTimeout(
        () => reject(new Error(`docker-registry did not start:\n${log.join('\n')}`)),
        START_MS,
      ).unref();
    });
    const repositories = path.join(dir, 'store/docker/registry/v2/repositories');
    const certificate = options.tls && { certificate: path.join(dir, 'certificate.pem') };
    return { host, url: `${options.tls ? 'https' : 'http'}://${host}`, ...certificate, repositories, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Finds a tool on PATH or among those that `npm test` installed; the error says how to get it. */
export function findTool(name: 'docker-registry' | 'oras'): string {
  const places = [TOOLS, ...(process.env['PATH'] ?? '').split(path.delimiter)];
  const found = places.map((place) => path.join(place, name)).find((file) => existsSync(file));
  if (found) return found;
  const how = {
    'docker-registry':
      'apt-get install docker-registry (then stop its service: it listens on every interface), or npm test',
    oras: `go install oras.land/oras/cmd/oras@v${ORAS_VERSION}, or npm test`,
  };
  throw new Error(`${name} is neither on PATH nor in ${TOOLS}: ${how[name]}`);
}

/**
 * Configuration of the registry in JSON, which is valid YAML. With port 0 the registry logs the free one it
 * takes.
 */
function configuration(dir: string, { tls = false, login = false }): object {
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: path.join(dir, 'store') },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: '127.0.0.1:0',
      secret: 'only for tests',
      ...(tls && { tls: { certificate: path.join(dir, 'certificate.pem'), key: path.join(dir, 'key.pem') } }),
    },
    ...(login && { auth: { htpasswd: { realm: 'test', path: path.join(dir, 'htpasswd') } } }),
  };
}

async function makeCertificate(dir: string): Promise<void> {
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', path.join(dir, 'key.pem'), '-out', path.join(dir, 'certificate.pem')],
  ]);
}
