import { containerTag } from '../../site/lib/registry-address.ts';
import type { Node } from '../../site/schemas/node.ts';

/** Characters of a commit in a tag: what people read out to each other. */
const COMMIT_LENGTH = 8;

/**
 * The tags under which people find the container of a build, the most exact first: `<name>-<version>`,
 * `<name>-latest` and, where the commit is known, `<name>-<commit>`.
 */
export function packageTags({ name, version }: Pick<Node, 'name' | 'version'>, commit?: string): string[] {
  const short = commit && /^[0-9a-f]{8,64}$/.test(commit) ? [commit.slice(0, COMMIT_LENGTH)] : [];
  return [...new Set([version, 'latest', ...short].map((end) => containerTag(`${name}-${end}`)))];
}
