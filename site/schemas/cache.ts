import { z } from 'zod';
import { Text } from './values.ts';

/**
 * `cache.json`: the owner of the catalog's entries. The first publish to a registry writes it.
 * If the repository has another id, it is a copy of the template and the entries are not its own.
 * If it has the same id and another name, it was renamed, and the registry stays.
 */
export const Cache = z.strictObject({
  /** `host/path` of the registry, such as `ghcr.io/owner/repo`. */
  registry: Text,
  /** `owner/repo` on GitHub. Absent outside GitHub. */
  repository: Text.optional(),
  /** GitHub's numeric id of that repository. */
  repositoryId: Text.regex(/^\d+$/).optional(),
});
export type Cache = z.infer<typeof Cache>;
