import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';

/** Variables of the machine that Spack and its downloads need; no others of the job are passed on. */
const PASSED_ON = [
  ...['PATH', 'TMPDIR', 'TZ', 'USER', 'LOGNAME', 'SPACK_PYTHON'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE'],
  ...['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
  ...['DEVELOPER_DIR', 'SDKROOT', 'MACOSX_DEPLOYMENT_TARGET'],
];

/** Newest 3.N for which every supported Spack has a solver to download: `share/spack/bootstrap` of 1.0 to 1.2. */
const NEWEST_PYTHON = 13;

/** Configuration of a Spack's own user scope. */
export interface SpackConfiguration {
  /** Root of installations. */
  installRoot: string;
  /** Length to pad it to. Absent: it is not padded, since nothing is published from there. */
  paddedLength?: number | undefined;
  /** The only microarchitecture to build for, by its name in Spack. */
  microarchitecture: string;
  /** Recipe repositories, keyed by name, in order of precedence. */
  repositories: Record<string, string>;
  /** Mirrors, keyed by name, in the format of `mirrors.yaml`. */
  mirrors: Record<string, unknown>;
}

/**
 * Creates a folder for all files of a separate Spack, and writes its configuration there. Next to it is
 * `cache`, which several homes share.
 * @returns the environment to run Spack with, without any token or file of the job
 */
export function createSpackHome(
  folder: string,
  configuration: SpackConfiguration,
  environment: ProcessEnvironment,
): Record<string, string> {
  const home = resolve(folder);
  const config = join(home, 'config');
  const gpg = join(home, 'gpg');
  // Indexes of the recipes take half a minute to create: they are shared.
  const cache = join(dirname(home), 'cache');
  for (const path of [config, cache, join(home, 'home')]) mkdirSync(path, { recursive: true });
  mkdirSync(gpg, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(composeConfiguration(home, configuration))) {
    // JSON is valid YAML.
    writeFileSync(join(config, `${name}.yaml`), `${JSON.stringify({ [name]: content }, null, 1)}\n`);
  }
  const passed = PASSED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  const python = findPython(environment);
  return {
    ...(python === undefined ? {} : { SPACK_PYTHON: python }),
    ...Object.fromEntries(passed),
    HOME: join(home, 'home'),
    LC_ALL: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8',
    // Keeps the order of output on its two streams, which are both read.
    PYTHONUNBUFFERED: '1',
    SPACK_USER_CONFIG_PATH: config,
    SPACK_SYSTEM_CONFIG_PATH: join(home, 'no-system-config'),
    SPACK_USER_CACHE_PATH: cache,
    SPACK_GNUPGHOME: gpg,
  };
}

/**
 * Finds the newest `python3.N` on PATH if there is no `python3`. Spack would run on the system's own Python there:
 * 3.6 in images with glibc 2.28, which loads Spack and its recipes half as fast.
 */
function findPython(environment: ProcessEnvironment): string | undefined {
  if (findOnPath('python3', environment) ?? findOnPath('python', environment)) return undefined;
  return Array.from({ length: NEWEST_PYTHON }, (_, index) =>
    findOnPath(`python3.${NEWEST_PYTHON - index}`, environment),
  ).find(Boolean);
}

/** The path of a program in the folders of PATH; undefined when none has it. */
export function findOnPath(program: string, { PATH = '' }: ProcessEnvironment): string | undefined {
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(existsSync);
}

function composeConfiguration(home: string, configuration: SpackConfiguration): Record<string, unknown> {
  const { installRoot, paddedLength, microarchitecture, repositories, mirrors } = configuration;
  return {
    config: {
      install_tree: {
        root: installRoot,
        ...(paddedLength === undefined ? {} : { padded_length: paddedLength }),
      },
      build_stage: [join(home, 'stage')],
      source_cache: join(home, 'sources'),
    },
    // A package's own "require" replaces that of all packages; then the preference applies.
    packages: { all: { require: [`target=${microarchitecture}`], target: [microarchitecture] } },
    // The solution must not depend on the contents of the install root: only cache and compilers are reused.
    concretizer: { reuse: { roots: true, from: [{ type: 'buildcache' }, { type: 'external' }] } },
    ...(Object.keys(repositories).length > 0 ? { repos: repositories } : {}),
    ...(Object.keys(mirrors).length > 0 ? { mirrors } : {}),
  };
}

/** Default folder of Spack's files. GPG's sockets need a short path, as in the runner's temporary folder. */
export function defaultSpackHome(): string {
  const temporary = process.env['RUNNER_TEMP'];
  return temporary ? join(temporary, 'spack') : join('.work', 'spack');
}
