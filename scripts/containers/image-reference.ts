/** What Docker means by a name. */
export interface ImageReference {
  /** `host/path` of its repository. */
  repository: string;
  /** A tag, or a digest where the name has one. */
  tagOrDigest: string;
}

const NAME = /^(?<path>[^@:\s][^@\s]*?)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/**
 * Reads the name of an image as Docker does: `ubuntu:24.04` is `docker.io/library/ubuntu` at `24.04`, a name without a
 * tag is at `latest`, and a digest counts before a tag.
 */
export function parseImageReference(name: string): ImageReference {
  const { path = '', tag = 'latest', digest } = NAME.exec(name)?.groups ?? {};
  const [first = '', ...rest] = path.split('/');
  if (path === '') {
    throw new Error(`image "${name}": expected a name such as ubuntu:24.04 or quay.io/owner/image@sha256:…`);
  }
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const repository = hasHost ? path : `docker.io/${rest.length > 0 ? path : `library/${path}`}`;
  return { repository, tagOrDigest: digest ?? tag };
}
