import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Document } from 'yaml';
import { z } from 'zod';

const Environment = z.object({ spack: z.object({ mirrors: z.record(z.string(), z.unknown()).nullish() }) });
/** A mirror's connection: its address, and the credentials that it needs. */
const Connection = z.union([z.string().transform((url) => ({ url })), z.looseObject({ url: z.string() })]);
const Mirror = z.union([Connection, z.looseObject({ fetch: Connection }).transform(({ fetch }) => fetch)]);

/** Keys of credentials themselves, as Spack before 1.0 has them, in a mirror as JSON. */
const SECRET = /"(?:access_token|secret)"|"access_pair":\[/;
const PASSWORD = /:\/\/[^/\s"@]+:[^/\s"@]+@/;
/** Keys that name variables and profiles with credentials. */
const CREDENTIALS = /"(access_pair|access_token_variable|profile)":(?!null)/;

/**
 * Removes mirrors that a build cannot read from an environment: those that need credentials, and folders that
 * do not exist here.
 * @param folder folder of the environment's file
 * @param notes gets one sentence per mirror
 * @returns one sentence for each mirror whose credentials everybody can read in the repository
 */
export function adaptMirrors(document: Document, folder: string, notes: string[]): string[] {
  const { data } = Environment.safeParse(document.toJS({ maxAliasCount: 100 }));
  return Object.entries(data?.spack.mirrors ?? {}).flatMap(([key, value]) => {
    const name = `mirrors:${key}`;
    const text = JSON.stringify(value);
    if (SECRET.test(text) || PASSWORD.test(text)) {
      return [
        `${name} has credentials that everybody can read in this repository, and builds run other people's scripts, which must ` +
          'not have them: replace the credentials, and remove the mirror from the environment',
      ];
    }
    const reason = whyUnreadable(value, folder);
    if (reason === undefined) {
      const url = Mirror.safeParse(value).data?.url ?? text;
      notes.push(`${name}: matching binaries are taken from ${url} and published here, too`);
      if (document.hasIn(['spack', 'mirrors', key, 'autopush'])) {
        document.deleteIn(['spack', 'mirrors', key, 'autopush']);
        notes.push(`${name}:autopush is not used: builds are published in this cache`);
      }
    } else {
      document.deleteIn(['spack', 'mirrors', key]);
      notes.push(`${name} is not used: ${reason}; its packages are built here`);
    }
    return [];
  });
}

function whyUnreadable(mirror: unknown, folder: string): string | undefined {
  const { data } = Mirror.safeParse(mirror);
  if (!data) return undefined;
  const [, credentials] = CREDENTIALS.exec(JSON.stringify({ ...data, push: undefined })) ?? [];
  if (credentials !== undefined)
    return `it needs credentials (${credentials}), which builds must not have, since they run other people's scripts`;
  const { url } = data;
  if (/^(?:s3|gs):/.test(url)) return `${url} needs libraries and credentials that builds do not have`;
  const path = url.replace(/^file:\/\//, '');
  return !path.includes('://') && !existsSync(resolve(folder, path))
    ? `the folder ${path} is not here`
    : undefined;
}
