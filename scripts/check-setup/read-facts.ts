import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DAY_MS } from '../../site/lib/format.ts';
import { isLocal } from '../../site/lib/registry-address.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { listNames } from '../cli/files.ts';
import { homesOf, listRegistries, readCache } from '../commit/catalog-owner.ts';
import type { GitHub } from '../github/api.ts';
import { readPages, readRepository, type PagesSite } from '../github/repository.ts';
import { describePrivate } from '../github/visibility.ts';
import { type Credentials, chooseLogins } from '../oci/credentials.ts';
import { INDEX_TAG } from '../oci/image.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { parseReference, type RemoteReference } from '../oci/registry.ts';
import { RegistryRefusedError } from '../oci/errors.ts';
import { RegistryClient } from '../oci/registry-client.ts';
import { listManifests } from '../signing/sign-catalog.ts';
import { splitSigned } from '../../site/lib/spack/signed-manifest.ts';
import type { RegistryFacts, SetupFacts } from './judge.ts';

/** Longest wait for the registry without any data, in milliseconds. */
const IDLE_MS = 20_000;

const Rules = z.array(z.object({ type: z.string() }));
const Branch = z.object({
  protected: z.boolean(),
  commit: z.object({ commit: z.object({ committer: z.object({ date: z.string() }).nullish() }) }),
});

interface RegistryPlaces {
  /** The cache's own registry. */
  registry: string;
  /** The catalog's folder. */
  catalog: string;
  targets?: readonly Target[];
}

/**
 * Reads all facts about a setup. Facts that cannot be read are undefined; only a missing repository is an
 * error.
 */
export async function readSetupFacts(
  github: GitHub,
  { branch, ...places }: { branch: string } & RegistryPlaces,
  environment: ProcessEnvironment,
): Promise<SetupFacts> {
  const repository = await readRepository(github);
  const builtFor = branch || repository.defaultBranch;
  const [pages, built, [own, ...others]] = await Promise.all([
    orUnknown<PagesSite | 'off'>('GitHub Pages', async () => (await readPages(github)) ?? 'off'),
    orUnknown('the branch and its rules', () => readBranch(github, builtFor)),
    readRegistries(places, environment),
  ]);
  const keys = listNames(join(places.catalog, 'keys')).filter((name) => name.endsWith('.asc')).length;
  const hasSigningKey = environment['HAS_SIGNING_KEY'] === 'true' || Boolean(environment['SIGNING_KEY']);
  return {
    repository,
    branch: builtFor,
    pages,
    rules: built?.rules,
    ...own,
    others,
    hasCommitToken: environment['HAS_COMMIT_TOKEN'] === 'true',
    keys,
    // This reads each manifest, which is useless unless builds are signed.
    unsigned: keys > 0 && hasSigningKey ? await countUnsigned(places.catalog) : 0,
    hasSigningKey,
    isScheduled: environment['GITHUB_EVENT_NAME'] === 'schedule',
    quietDays: built?.quietDays,
  };
}

/**
 * Reads the date of the branch's last commit, and both kinds of rules: the types of those in rulesets, and
 * whether there is a classic one.
 */
async function readBranch(github: GitHub, branch: string): Promise<Pick<SetupFacts, 'rules' | 'quietDays'>> {
  const parameters = { branch, per_page: 100 };
  const rules = await github.call('GET /repos/{owner}/{repo}/rules/branches/{branch}', parameters, Rules);
  const head = await github.call('GET /repos/{owner}/{repo}/branches/{branch}', { branch }, Branch);
  const { committer } = head.commit.commit;
  return {
    rules: { types: [...new Set(rules.map(({ type }) => type))].sort(), isProtected: head.protected },
    quietDays: committer
      ? Math.max(0, Math.floor((Date.now() - Date.parse(committer.date)) / DAY_MS))
      : undefined,
  };
}

async function readVisibility(registry: string): Promise<RegistryFacts['visibility']> {
  if (isLocal(registry)) return 'public';
  try {
    const index = await openRegistry(registry, { anonymous: true }).describeTag(INDEX_TAG);
    return index ? 'public' : 'empty';
  } catch (error) {
    if (error instanceof RegistryRefusedError) return 'private';
    throw error;
  }
}

/** Tries the owner's login at registries; at ghcr.io the run's own token is trusted. */
async function readRegistries(
  { registry: own, catalog, targets = [] }: RegistryPlaces,
  environment: ProcessEnvironment,
): Promise<[RegistryFacts, ...RegistryFacts[]]> {
  // Before the first publish, a private registry looks like a missing one.
  const used = readCache(catalog) ? listRegistries(own, [], catalog) : [];
  const others = [...new Set(homesOf(targets, own).values())];
  const read = async (registry: string): Promise<RegistryFacts> => ({
    registry,
    login: await readLogin(registry, [own, ...others], environment),
    visibility: used.includes(registry)
      ? await orUnknown('the registry', () => readVisibility(registry))
      : 'empty',
    publishAdvice: describePrivate(registry, environment),
  });
  return [await read(own), ...(await Promise.all(others.map(read)))];
}

async function readLogin(
  registry: string,
  registries: readonly string[],
  environment: ProcessEnvironment,
): Promise<RegistryFacts['login']> {
  try {
    const reference = parseReference(registry);
    const logins = chooseLogins(registries, environment);
    const hostLogin = logins.find(
      (login) => reference.kind === 'remote' && login.reference.host === reference.host,
    );
    if (!hostLogin || reference.kind === 'directory') return 'none';
    const isOwners = hostLogin.credentials.password === environment['REGISTRY_PASSWORD'];
    if (isOwners) await tryLogin(reference, hostLogin.credentials);
    return isOwners ? 'secret' : 'run';
  } catch (error) {
    return { problem: describeError(error) };
  }
}

async function tryLogin(reference: RemoteReference, credentials: Credentials): Promise<void> {
  const client = new RegistryClient(reference, { idleMs: IDLE_MS, credentials });
  try {
    const answer = await client.request('GET', '/v2/', '*/*');
    answer?.body.destroy();
    if (answer) return;
  } catch (error) {
    if (!(error instanceof RegistryRefusedError)) throw error;
  }
  throw new Error(`it refuses the login of ${credentials.username}`);
}

async function countUnsigned(catalog: string): Promise<number> {
  const manifests = await listManifests(catalog);
  return manifests.filter((path) => !splitSigned(readFileSync(join(catalog, path), 'utf8')).signed).length;
}

async function orUnknown<T>(what: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    console.error(`${what} could not be checked: ${describeError(error)}`);
    return undefined;
  }
}
