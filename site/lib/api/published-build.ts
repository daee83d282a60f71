import type { PublishedBuild } from '../../schemas/api/spec-document.ts';
import type { Build } from '../../schemas/build.ts';

/** A build's record as `/api/specs/<hash>.json` has it. */
export function publishedBuild({ times, contents, tarball, image, ...build }: Build): PublishedBuild {
  const { programs, libraries, glibc } = contents;
  const { uncompressedDigest: _digest, ...packed } = tarball;
  const { tag: _tag, ...pulled } = image;
  return {
    ...build,
    tarball: packed,
    image: pulled,
    contents: { programs, libraries, glibc },
    ...(times ? { seconds: times.total } : {}),
  };
}
