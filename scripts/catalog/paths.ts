import { fileStem } from '../../site/schemas/node.ts';
import type { Node } from '../../site/schemas/node.ts';

type Named = Pick<Node, 'name' | 'version' | 'hash'>;

/** `specs/<name>/<stem>.spec.json`, relative to the catalog's folder. */
export function specPath(node: Named): string {
  return `specs/${node.name}/${fileStem(node)}.spec.json`;
}

/** `builds/<name>/<stem>.json`, relative to the catalog's folder. */
export function buildPath(node: Named): string {
  return `builds/${node.name}/${fileStem(node)}.json`;
}

/** `manifests/<name>/<stem>.spec.manifest.json`, relative to the catalog's folder. */
export function manifestPath(node: Named): string {
  return `manifests/${node.name}/${fileStem(node)}.spec.manifest.json`;
}

/** `keys/<FINGERPRINT>.asc`, relative to the catalog's folder. */
export function keyPath(fingerprint: string): string {
  return `keys/${fingerprint}.asc`;
}
