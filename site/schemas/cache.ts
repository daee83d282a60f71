import { z } from 'zod';
import { Text } from './values.ts';

/**
 * `cache.json`: whose entries these are. The first publish to a registry writes it.
 * Another repository id: this is a template's copy and the entries are not its own.
 * The same id under another name: the repository was renamed, the registry stays.
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
