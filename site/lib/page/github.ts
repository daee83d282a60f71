import type { Node } from '../../schemas/node.ts';
import type { CatalogFailure } from '../catalog/site-catalog.ts';

/** Maximum length of a field, in characters, so that GitHub and browsers accept the whole address. */
const MAX_FIELD_LENGTH = 1_500;

/** Address of a repository, `owner/name`. */
export function repositoryUrl(repository: string): string {
  return `https://github.com/${repository}`;
}

/** Address of the page for running a workflow by hand. */
export function workflowUrl(repository: string, file: string): string {
  return `${repositoryUrl(repository)}/actions/workflows/${file}`;
}

/**
 * Address of the recipe that a node was built from, in spack-packages at a commit or tag. Undefined: the
 * recipe is from another repository, or the commit is not known.
 */
export function recipeUrl(
  node: Pick<Node, 'name' | 'namespace'>,
  commit: string | undefined,
): string | undefined {
  if (commit === undefined || (node.namespace ?? 'builtin') !== 'builtin') return undefined;
  const module = node.name.replaceAll('-', '_');
  const folder = /^\d/.test(module) ? `_${module}` : module;
  const path = `repos/spack_repo/builtin/packages/${folder}/package.py`;
  return `https://github.com/spack/spack-packages/blob/${encodeURIComponent(commit)}/${path}`;
}

/** Address of a new issue about a failure, with the known fields of the form filled in. */
export function reportUrl(repository: string, failure: CatalogFailure): string {
  const { spec, kind, phase, target, hash, run, log } = failure;
  const fields = new URLSearchParams({
    template: 'build-failure.yml',
    title: cut(`${failure.name}: ${kind} failed`),
    spec: cut(spec),
    where: [kind, phase, target, hash && `/${hash}`].filter(Boolean).join(', '),
    run: run ?? '',
    log: log.join('\n').slice(-MAX_FIELD_LENGTH),
  });
  return `${repositoryUrl(repository)}/issues/new?${fields}`;
}

function cut(text: string): string {
  return text.slice(0, MAX_FIELD_LENGTH);
}
