import { z } from 'zod';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { openApi } from '../github/api.ts';
import { GitHubRefusedError } from '../github/errors.ts';

const RECIPES = 'repos/spack_repo/builtin/packages';
const REPOSITORY = 'spack/spack-packages';

/**
 * Recipes of virtual packages: their providers are built under their own names. `spack list` omits them, too.
 */
const VIRTUAL = new Set(['c', 'cxx', 'fortran', 'mpi']);

/** A Git tree as returned by GitHub's `GET /repos/{owner}/{repo}/git/trees/{tree}`. */
const Tree = z.object({
  tree: z.array(z.object({ path: z.string(), type: z.string() })),
  truncated: z.boolean(),
});

/**
 * The names of all packages at a tag or commit of spack-packages, in one request to GitHub. (As in git, a
 * tree can be named `<ref>:<path>`; the answer has all its entries, without pages.)
 * @param environment `GITHUB_API_URL` and, for a higher rate limit, `GITHUB_TOKEN`
 */
export async function readPackageList(version: string, environment: ProcessEnvironment): Promise<string[]> {
  // A parameter, since in a route Octokit treats ":repos" as one. `{+path}` leaves colons and slashes
  // unescaped.
  const route = `GET /repos/${REPOSITORY}/git/trees/{+path}`;
  const { tree, truncated } = await openApi(environment)
    .call(route, { path: `${encodeURIComponent(version)}:${RECIPES}` }, Tree)
    .catch((error: unknown) => {
      if (!(error instanceof GitHubRefusedError && (error.status === 404 || error.status === 422)))
        throw error;
      throw new Error(
        `${REPOSITORY} has no recipes at "${version}"; set packages to one of its tags or commits`,
        {
          cause: error,
        },
      );
    });
  if (truncated) {
    throw new Error(
      `${REPOSITORY} at "${version}": GitHub's list is incomplete (above 7 MB); name packages by hand until this is fixed`,
    );
  }
  return parsePackageList(tree);
}

/**
 * Package names for the folders in a tree, sorted: `py_numpy` is py-numpy, `_7zip` is 7zip, as in `spack
 * list`.
 */
export function parsePackageList(tree: { path: string; type: string }[]): string[] {
  return tree
    .filter(({ path, type }) => type === 'tree' && /^[a-z0-9_]+$/.test(path) && path !== '__pycache__')
    .map(({ path }) => path.replace(/^_+/, '').replaceAll('_', '-'))
    .filter((name) => !VIRTUAL.has(name))
    .sort();
}
