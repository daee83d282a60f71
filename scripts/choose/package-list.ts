import pRetry, { AbortError } from 'p-retry';
import { z } from 'zod';

/** Where spack-packages keeps its recipes. */
const RECIPES = 'repos/spack_repo/builtin/packages';
const REPOSITORY = 'spack/spack-packages';
const TIMEOUT_MS = 30_000;

/** Recipes of virtual packages: what provides them is built under its own name. `spack list` leaves them out, too. */
const VIRTUAL = new Set(['c', 'cxx', 'fortran', 'mpi']);

/** A Git tree, as GitHub's `GET /repos/{owner}/{repo}/git/trees/{tree}` answers. */
const Tree = z.object({
  tree: z.array(z.object({ path: z.string(), type: z.string() })),
  truncated: z.boolean(),
});

/**
 * The names of all packages at a tag or commit of spack-packages, by one request to GitHub
 * (a tree is named `<ref>:<path>` there as in git, and holds all its entries: no pages).
 * @param environment `GITHUB_API_URL` and, for more requests an hour, `GITHUB_TOKEN`
 */
export async function readPackageList(
  version: string,
  environment: Record<string, string | undefined>,
): Promise<string[]> {
  const api = (environment['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/+$/, '');
  const token = environment['GITHUB_TOKEN'];
  const url = `${api}/repos/${REPOSITORY}/git/trees/${encodeURIComponent(version)}:${RECIPES}`;
  const answer = await pRetry(() => request(url, version, token), {
    retries: 3,
    minTimeout: 1_000,
    randomize: true,
  });
  const { tree, truncated } = Tree.parse(answer);
  if (truncated)
    throw new Error(
      `${url}: GitHub's list is not whole (above 7 MB); name packages by hand until this is mended`,
    );
  return parsePackageList(tree);
}

/** Package names of the folders in a tree, sorted: `py_numpy` is py-numpy, `_7zip` is 7zip, as `spack list` has them. */
export function parsePackageList(tree: { path: string; type: string }[]): string[] {
  return tree
    .filter(({ path, type }) => type === 'tree' && /^[a-z0-9_]+$/.test(path) && path !== '__pycache__')
    .map(({ path }) => path.replace(/^_+/, '').replaceAll('_', '-'))
    .filter((name) => !VIRTUAL.has(name))
    .sort();
}

async function request(url: string, version: string, token: string | undefined): Promise<unknown> {
  const response = await fetch(url, {
    headers: {
      accept: 'application/vnd.github+json',
      'user-agent': 'spack-build-cache',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    // Another host would get the token.
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) return response.json();
  const { status } = response;
  await response.body?.cancel();
  if (status === 404 || status === 422) {
    throw new AbortError(
      `${REPOSITORY} has no recipes at "${version}"; set packages to one of its tags or commits`,
    );
  }
  const limited = status === 403 || status === 429;
  const error = new Error(
    `${url}: GitHub answered ${status}; ${limited ? 'too many requests: set GITHUB_TOKEN, or wait an hour' : 'run it again later'}`,
  );
  throw status === 408 || status === 429 || status >= 500 ? error : new AbortError(error);
}
