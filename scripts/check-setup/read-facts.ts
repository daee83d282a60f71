import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DAY_MS } from '../../site/lib/format.ts';
import { isLocal } from '../../site/lib/registry-address.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { listNames } from '../cli/files.ts';
import { readCache } from '../commit/catalog-owner.ts';
import type { GitHub } from '../github/api.ts';
import { readPages, readRepository, type PagesSite } from '../github/repository.ts';
import { describePrivate } from '../github/visibility.ts';
import { send, type HttpAnswer } from '../http/request.ts';
import type { Credentials } from '../oci/credentials.ts';
import { INDEX_TAG } from '../oci/image.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { parseReference, type RemoteReference } from '../oci/reference.ts';
import { RegistryRefusedError } from '../oci/errors.ts';
import { answerChallenge, parseChallenge } from '../oci/registry-client.ts';
import { chooseLogins } from '../oci/registry-login.ts';
import { homesOf, listRegistries } from '../publish/target-registries.ts';
import { listManifests } from '../signing/sign-catalog.ts';
import { splitSigned } from '../signing/signature.ts';
import type { RegistryFacts, SetupFacts } from './judge.ts';

/** Longest time without an answer of the registry, in milliseconds. */
const IDLE_MS = 20_000;

const Rules = z.array(z.object({ type: z.string() }));
const Branch = z.object({
  protected: z.boolean(),
  commit: z.object({ commit: z.object({ committer: z.object({ date: z.string() }).nullish() }) }),
});

/** Where builds are and go. */
interface RegistryPlaces {
  /** The cache's own. */
  registry: string;
  /** The catalog's folder. */
  catalog: string;
  targets?: readonly Target[];
}

/** Asks for all that is known of a setup. What cannot be asked is undefined, but for the repository itself. */
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
    // Reads each manifest, which says nothing where builds are not signed.
    unsigned: keys > 0 && hasSigningKey ? await countUnsigned(places.catalog) : 0,
    hasSigningKey,
    isScheduled: environment['GITHUB_EVENT_NAME'] === 'schedule',
    quietDays: built?.quietDays,
  };
}

/**
 * Asks when the branch was last committed to, and for both kinds of rules: those of rulesets with their types, a classic one by
 * whether there is any.
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

/** Tries the owner's login at registries; the run's own token is taken at ghcr.io. */
async function readRegistries(
  { registry: own, catalog, targets = [] }: RegistryPlaces,
  environment: ProcessEnvironment,
): Promise<[RegistryFacts, ...RegistryFacts[]]> {
  // Before the first publish, private and absent look the same.
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
    const found = logins.find(
      (login) => reference.kind === 'remote' && login.reference.host === reference.host,
    );
    if (!found || reference.kind === 'directory') return 'none';
    const isOwners = found.credentials.password === environment['REGISTRY_PASSWORD'];
    if (isOwners) await tryLogin(reference, found.credentials);
    return isOwners ? 'secret' : 'run';
  } catch (error) {
    return { problem: describeError(error) };
  }
}

async function tryLogin(reference: RemoteReference, login: Credentials): Promise<void> {
  const isPlain = reference.transport === 'http' || /^(localhost|127\.0\.0\.1)(:|$)/.test(reference.host);
  const url = `${isPlain ? 'http' : 'https'}://${reference.host}/v2/`;
  const ask = async (headers: Record<string, string>): Promise<HttpAnswer> => {
    const answer = await send(url, { headers, idleMs: IDLE_MS });
    answer.body.destroy();
    return answer;
  };
  const challenge = parseChallenge((await ask({})).headers.get('www-authenticate'));
  if (!challenge) return;
  const { status } = await ask({
    authorization: await answerChallenge(challenge, reference, login, { idleMs: IDLE_MS, actions: 'pull' }),
  });
  if (status === 401 || status === 403)
    throw new Error(`it refuses the login of ${login.username} (${status})`);
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
