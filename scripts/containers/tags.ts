import { createHash } from 'node:crypto';
import type { Node } from '../../site/schemas/node.ts';

/** Characters of a commit in a tag: what people read out to each other. */
const COMMIT_LENGTH = 8;
/** OCI's limit. */
const MAX_TAG_LENGTH = 128;
/** Characters of a digest: enough for what one cache has. */
const DIGEST_LENGTH = 12;

/**
 * Names that a version can be split from: no part looks like the beginning of a version. Those of environments,
 * `env-…`, are none.
 */
const PLAIN_NAME = /^(?!env(?:-|$))[A-Za-z0-9_]+(?:-[A-Za-z_][A-Za-z0-9_]*)*$/;
/** Versions that begin with a digit may have a `-`, as dates do. */
const PLAIN_VERSION = /^(?:[0-9][A-Za-z0-9_.]*(?:-[A-Za-z0-9_.]+)*|[A-Za-z0-9_][A-Za-z0-9_.]*)$/;
/** Versions that look like the end of another tag, or like that of Spack's own. */
const RESERVED_VERSION = /^(?:latest|[0-9a-f]{8})$|\.spack$/;

/**
 * The tags under which people find the container of a build, the most exact first: `<name>-<version>`,
 * `<name>-latest` and, where the commit is known, `<name>-<commit>`. No two packages, and no two versions of one,
 * share a tag: where its text would not say which it is (`a@1-2` and `a-1@2`), `--` and a digest follow.
 */
export function packageTags({ name, version }: Pick<Node, 'name' | 'version'>, commit?: string): string[] {
  const short = commit && /^[0-9a-f]{8,64}$/.test(commit) ? [commit.slice(0, COMMIT_LENGTH)] : [];
  const isPlain = PLAIN_VERSION.test(version) && !RESERVED_VERSION.test(version);
  return [
    joinTag(name, version, { isPlain, identity: `${name}@${version}` }),
    ...['latest', ...short].map((end) => joinTag(name, end, { isPlain: true, identity: `${name}:${end}` })),
  ];
}

/** @param identity hashed where the tag's text alone does not say what it is of */
function joinTag(
  name: string,
  end: string,
  { isPlain, identity }: { isPlain: boolean; identity: string },
): string {
  const tag = `${name}-${end}`;
  if (isPlain && PLAIN_NAME.test(name) && tag.length <= MAX_TAG_LENGTH) return tag;
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, DIGEST_LENGTH);
  const text = tag.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_TAG_LENGTH - 2 - DIGEST_LENGTH);
  return `${text}--${digest}`;
}
