import { z } from 'zod';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { openApi } from '../github/api.ts';
import { GitHubRefusedError } from '../github/errors.ts';

/** Where spack-packages keeps its recipes. */
const RECIPES = 'repos/spack_repo/builtin/packages';
const REPOSITORY = 'spack/spack-packages';

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
export async function readPackageList(version: string, environment: ProcessEnvironment): Promise<string[]> {
  // As a parameter: in a route Octokit takes ":repos" for one. Colon and slashes stay as they are.
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

/** Package names of the folders in a tree, sorted: `py_numpy` is py-numpy, `_7zip` is 7zip, as `spack list` has them. */
export function parsePackageList(tree: { path: string; type: string }[]): string[] {
  return tree
    .filter(({ path, type }) => type === 'tree' && /^[a-z0-9_]+$/.test(path) && path !== '__pycache__')
    .map(({ path }) => path.replace(/^_+/, '').replaceAll('_', '-'))
    .filter((name) => !VIRTUAL.has(name))
    .sort();
}
