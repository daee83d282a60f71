import type { Node } from '../../site/schemas/node.ts';

/** Characters of a commit in a tag: what people read out to each other. */
const COMMIT_LENGTH = 8;
const MAX_TAG_LENGTH = 128;
/** Spack takes every tag that ends so for one of its own. */
const SPACK_ENDING = '.spack';

/**
 * The tags under which people find the container of a build, the most exact first: `<name>-<version>`,
 * `<name>-latest` and, where the commit is known, `<name>-<commit>`.
 */
export function packageTags({ name, version }: Pick<Node, 'name' | 'version'>, commit?: string): string[] {
  const short = commit && /^[0-9a-f]{8,64}$/.test(commit) ? [commit.slice(0, COMMIT_LENGTH)] : [];
  return [...new Set([version, 'latest', ...short].map((end) => containerTag(`${name}-${end}`)))];
}

/** The tag of the container of an environment: `env-<name>`. */
export function environmentTag(environment: string): string {
  return containerTag(`env-${environment}`);
}

/** What is no tag becomes one: other characters are `_`, and nothing ends as Spack's own tags do. */
function containerTag(text: string): string {
  const tag = text.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_TAG_LENGTH);
  return tag.endsWith(SPACK_ENDING) ? `${tag.slice(0, -SPACK_ENDING.length)}_spack` : tag;
}
