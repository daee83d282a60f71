import {
  archSegments,
  flagSegments,
  segmentsText,
  variantSegments,
  variantsOf,
} from '../../site/lib/spack/spec-text.ts';
import { fileStem, type Node } from '../../site/schemas/node.ts';

/** What an image says of itself, as labels and as annotations: OCI's own keys, nothing from the environment. */
export function imageAnnotations(node: Node): Record<string, string> {
  return {
    'org.opencontainers.image.title': node.name,
    'org.opencontainers.image.version': node.version,
    'org.opencontainers.image.description': describeSpec(node),
  };
}

/** Names a tarball's layer, so that `oras pull` writes it to a file, and only it. */
export function tarballAnnotations(node: Node): Record<string, string> {
  return { 'org.opencontainers.image.title': `${fileStem(node)}.tar.gz` };
}

/**
 * A concrete node in one line that Spack reads: `tree@=2.1.0 build_system=generic platform=linux os=debian12 target=x86_64_v3`.
 * Source: Spack's `Spec.format()` in its default form.
 */
export function describeSpec(node: Node): string {
  // A git version says itself which version it stands for: `git.main=1.0`.
  const head = `${node.name}@${node.version.includes('=') ? '' : '='}${node.version}`;
  return (
    head + segmentsText([...flagSegments(node), ...variantSegments(variantsOf(node)), ...archSegments(node)])
  );
}
