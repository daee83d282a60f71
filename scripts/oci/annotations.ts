import type { Node } from '../../site/schemas/node.ts';
import { COMPILER_FLAGS, fileStem, targetOf } from '../../site/schemas/node.ts';

const NO_QUOTES_NEEDED = /^[a-zA-Z0-9,/_.\-[\]]+$/;

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
  const flags: string[] = [];
  const booleans: string[] = [];
  const values: string[] = [];
  for (const [name, value] of Object.entries(node.parameters).sort(byKey)) {
    if (isCompilerFlag(name)) {
      if (Array.isArray(value) && value.length > 0) flags.push(`${name}=${quoteIfNeeded(value.join(' '))}`);
    } else if (typeof value === 'boolean') {
      booleans.push(`${value ? '+' : '~'}${name}`);
    } else if (Array.isArray(value)) {
      const texts = name === 'patches' ? value.map((text) => text.slice(0, 7)) : value;
      values.push(`${name}:=${quoteIfNeeded(texts.join(',') || '*')}`);
    } else {
      values.push(`${name}=${quoteIfNeeded(String(value))}`);
    }
  }
  const { platform, platform_os } = node.arch;
  const place = [`platform=${platform}`, `os=${platform_os}`, `target=${targetOf(node)}`];
  const head = [`${node.name}@=${node.version}`, ...flags].join(' ');
  const separator = flags.length > 0 && booleans.length > 0 ? ' ' : '';
  return [head + separator + booleans.join(''), ...values, ...place].join(' ');
}

function isCompilerFlag(name: string): boolean {
  return COMPILER_FLAGS.some((flag) => flag === name);
}

/** By code points, as Python sorts; a locale would give other bytes on another machine. */
function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function quoteIfNeeded(value: string): string {
  if (NO_QUOTES_NEEDED.test(value)) return value;
  return value.includes("'") ? JSON.stringify(value) : `'${value}'`;
}
