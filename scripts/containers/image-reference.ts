/** A parsed image name, by Docker's rules. */
export interface ImageReference {
  /** `host/path` of the repository. */
  repository: string;
  /** The digest, if the name has one, otherwise the tag. */
  tagOrDigest: string;
}

const NAME = /^(?<path>[^@:\s][^@\s]*?)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/**
 * Parses the name of an image like Docker: `ubuntu:24.04` is `docker.io/library/ubuntu` with the tag `24.04`,
 * the default tag is `latest`, and a digest has precedence over a tag.
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
