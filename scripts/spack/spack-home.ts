import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';

/** Variables of the machine that Spack and its downloads need; nothing else of the job's environment reaches it. */
const PASSED_ON = [
  ...['PATH', 'TMPDIR', 'TZ', 'USER', 'LOGNAME', 'SPACK_PYTHON'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE'],
  ...['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
  ...['DEVELOPER_DIR', 'SDKROOT', 'MACOSX_DEPLOYMENT_TARGET'],
];

/** Long enough that a binary built here can be relocated to nearly any other place. */
const PADDED_LENGTH = 128;

/** What is to be configured in a Spack's own user scope. */
export interface SpackConfiguration {
  /** Where it installs; padded. */
  installRoot: string;
  /** The only microarchitecture that it builds for, in Spack's words. */
  microarchitecture: string;
  /** Recipe repositories by name, the first wins. */
  repositories: Record<string, string>;
  /** Mirrors by name, as `mirrors.yaml` has them. */
  mirrors: Record<string, unknown>;
}

/**
 * Makes a folder in which Spack keeps all that is its own, and writes its configuration there. Beside it lies
 * `cache`, which other homes share.
 * @returns the environment to run Spack with: no token and no file of the job's is in it
 */
export function createSpackHome(
  folder: string,
  configuration: SpackConfiguration,
  environment: ProcessEnvironment,
): Record<string, string> {
  const home = resolve(folder);
  const config = join(home, 'config');
  const gpg = join(home, 'gpg');
  // Indexes of the recipes take half a minute to make: they are shared.
  const cache = join(dirname(home), 'cache');
  for (const path of [config, cache, join(home, 'home')]) mkdirSync(path, { recursive: true });
  mkdirSync(gpg, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(composeConfiguration(home, configuration))) {
    // JSON is YAML.
    writeFileSync(join(config, `${name}.yaml`), `${JSON.stringify({ [name]: content }, null, 1)}\n`);
  }
  const passed = PASSED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    HOME: join(home, 'home'),
    LC_ALL: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8',
    // Both of its streams are read: what is said first is to arrive first.
    PYTHONUNBUFFERED: '1',
    SPACK_USER_CONFIG_PATH: config,
    SPACK_SYSTEM_CONFIG_PATH: join(home, 'no-system-config'),
    SPACK_USER_CACHE_PATH: cache,
    SPACK_GNUPGHOME: gpg,
  };
}

function composeConfiguration(home: string, configuration: SpackConfiguration): Record<string, unknown> {
  const { installRoot, microarchitecture, repositories, mirrors } = configuration;
  return {
    config: {
      install_tree: { root: installRoot, padded_length: PADDED_LENGTH },
      build_stage: [join(home, 'stage')],
      source_cache: join(home, 'sources'),
    },
    // A package's own "require" replaces that of all packages; then the preference holds.
    packages: { all: { require: [`target=${microarchitecture}`], target: [microarchitecture] } },
    // The request must not depend on what is in the install root: only the cache and the compilers are reused.
    concretizer: { reuse: { roots: true, from: [{ type: 'buildcache' }, { type: 'external' }] } },
    ...(Object.keys(repositories).length > 0 ? { repos: repositories } : {}),
    ...(Object.keys(mirrors).length > 0 ? { mirrors } : {}),
  };
}

/** Where Spack keeps its things unless told: GPG's sockets want a short path, which the runner's temporary folder has. */
export function defaultSpackHome(): string {
  const temporary = process.env['RUNNER_TEMP'];
  return temporary ? join(temporary, 'spack') : join('.work', 'spack');
}
