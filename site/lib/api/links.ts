import { apiPath, externalUrl } from '../url.ts';

/** Address of a shape's JSON Schema: `package-list`. */
export function schemaLink(shape: string): string {
  return externalUrl(`/api/schemas/${shape}.json`);
}

/** A document without the address of its schema, which is added in one place. */
export type Body<Document> = Omit<Document, 'schema'>;

/** Links that every list has. */
export function listLinks(): { index: string } {
  return { index: indexLink() };
}

/** Address of the index of the API. */
export function indexLink(): string {
  return externalUrl(apiPath('index'));
}

/** Addresses with placeholders for names and hashes. */
export const TEMPLATES = {
  package: '/api/packages/{name}.json',
  spec: '/api/specs/{hash}.json',
  nodes: '/api/nodes/{name}.json.gz',
  sbom: '/api/sbom/{hash}.json',
  page: '/builds/{name}/{hash}/',
  manifest: '/v3/manifests/spec/{name}/{name}-{version}-{hash}.spec.manifest.json',
  tarball: '/blobs/sha256/{digest:2}/{digest}',
} as const;
