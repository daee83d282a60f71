import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { tryJson } from '../../site/lib/json.ts';
import { isErrorCode } from '../cli/files.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { isGitHubRegistry } from './github-registry.ts';
import { parseReference, type DirectoryReference, type RemoteReference } from './registry.ts';

/** A registry's login. An identity token is exchanged for access tokens. */
export interface Credentials {
  username: string;
  password: string;
  identityToken?: string;
}

/** The configuration file that `oras login` and `docker login` write. */
const DockerConfig = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        /** `username:password` in base64. */
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});
type DockerConfig = z.infer<typeof DockerConfig>;

const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/** User name that marks a helper's secret as an identity token. Source: docker-credential-helpers. */
const TOKEN_USER = '<token>';

/** Reads the login for exactly this host (and port) from the Docker configuration; undefined if none. */
export async function readCredentials(host: string): Promise<Credentials | undefined> {
  const file = path.join(process.env['DOCKER_CONFIG'] || path.join(homedir(), '.docker'), 'config.json');
  const config = await readConfig(file);
  const helper = config?.credHelpers?.[host] ?? config?.credsStore;
  return (config && findLogin(config, host)) ?? (helper ? askHelper(helper, host, file) : undefined);
}

async function readConfig(file: string): Promise<DockerConfig | undefined> {
  try {
    return DockerConfig.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    if (isErrorCode(cause, 'ENOENT')) return undefined;
    // The cause is dropped: it could quote the file, which contains passwords.
    throw new Error(`${file}: expected the file that "oras login" writes, found something else`);
  }
}

function findLogin(config: DockerConfig, host: string): Credentials | undefined {
  const entry = Object.entries(config.auths ?? {}).find(([key]) => hostOf(key) === host)?.[1];
  if (!entry) return undefined;
  const [, user, secret] = /^([^:]*):([^]*)$/.exec(decode(entry.auth)) ?? [];
  const username = entry.username ?? user ?? '';
  const password = entry.password ?? secret ?? '';
  const identityToken = entry.identitytoken;
  if (username === '' && password === '' && !identityToken) return undefined;
  return { username, password, ...(identityToken && { identityToken }) };
}

/** Returns the host of a key. Older versions of Docker wrote URLs: `https://host/v1/`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64')
    .toString('utf8')
    .replace(/\0+$/, '');
}

/** Secrets that only this project's scripts may see. */
const SECRETS = ['SIGNING_KEY', 'SIGNING_KEY_PASSPHRASE', 'REGISTRY_PASSWORD', 'GITHUB_TOKEN', 'GH_TOKEN'];

/** Environment for third-party programs: everything except the secrets of this project. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, ...Object.fromEntries(SECRETS.map((name) => [name, undefined])) };
}

async function askHelper(helper: string, host: string, file: string): Promise<Credentials | undefined> {
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper))
    throw new Error(`${file}: "${helper}" is not a valid credential helper name`);
  const answer = await new Promise<string | undefined>((resolve, reject) => {
    const child = execFile(
      program,
      ['get'],
      { timeout: 30_000, env: withoutSecrets(process.env) },
      (error, stdout) => {
        if (isErrorCode(error, 'ENOENT')) {
          reject(new Error(`${file} names the credential helper ${program}, which is not on PATH`));
        } else resolve(error ? undefined : stdout);
      },
    );
    child.stdin?.on('error', () => undefined).end(host);
  });
  if (answer === undefined) return undefined;
  const login = tryJson(answer, HelperAnswer);
  // The answer is not quoted: it may contain a password.
  if (!login)
    throw new Error(
      `${file} names the credential helper ${program}: expected its answer to be a login, found something else`,
    );
  const { Username, Secret } = login;
  if (Username === TOKEN_USER) return { username: '', password: '', identityToken: Secret };
  return { username: Username, password: Secret };
}

type Login = Pick<Credentials, 'username' | 'password'>;

/**
 * Returns a workflow's login for a registry: the variable and secret that the owner sets, or for GitHub's
 * registry the run's own token. Undefined when there is none. Throws when one half is missing.
 */
export function chooseLogin(
  reference: RemoteReference | DirectoryReference,
  environment: ProcessEnvironment,
): Login | undefined {
  if (reference.kind === 'directory') return undefined;
  const {
    REGISTRY_USERNAME: username,
    REGISTRY_PASSWORD: password,
    GITHUB_ACTOR: actor,
    GITHUB_TOKEN: token,
  } = environment;
  if (username && password) return { username, password };
  if (username || password) {
    const missing = username ? 'REGISTRY_PASSWORD' : 'REGISTRY_USERNAME';
    throw new Error(
      `${missing}: expected it together with the other half of the login for ${reference.host}, found nothing; ` +
        'set REGISTRY_USERNAME as a variable and REGISTRY_PASSWORD as a secret of the repository, or neither',
    );
  }
  return isGitHubRegistry(reference.host, environment) && token
    ? { username: actor || 'github', password: token }
    : undefined;
}

interface HostLogin {
  reference: RemoteReference;
  credentials: Login;
}

/**
 * Returns the logins for all registries of a cache, at most one per host. The owner's login is for the
 * registries outside GitHub, if any: these must share a host, which receives the password.
 */
export function chooseLogins(registries: readonly string[], environment: ProcessEnvironment): HostLogin[] {
  const byHost = new Map<string, RemoteReference>();
  for (const reference of registries.map(parseReference))
    if (reference.kind === 'remote') byHost.set(reference.host, reference);
  const others = [...byHost.keys()].filter((host) => !isGitHubRegistry(host, environment));
  if (others.length > 1 && (environment['REGISTRY_USERNAME'] || environment['REGISTRY_PASSWORD']))
    throw new Error(
      `REGISTRY_USERNAME: expected registries at one host besides GitHub's, which this login is for, found ` +
        `${others.join(' and ')}; give targets a registry at one of them, or set no login`,
    );
  const runs = { ...environment, REGISTRY_USERNAME: '', REGISTRY_PASSWORD: '' };
  return [...byHost.values()].flatMap((reference) => {
    const isRuns = others.length > 0 && !others.includes(reference.host);
    const credentials = chooseLogin(reference, isRuns ? runs : environment);
    return credentials ? [{ reference, credentials }] : [];
  });
}
