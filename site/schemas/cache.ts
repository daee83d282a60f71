import { z } from 'zod';

/**
 * `cache.json`: whose entries these are. The first publish to a registry writes it.
 * Another repository id: this is a template's copy and the entries are not its own.
 * The same id under another name: the repository was renamed, the registry stays.
 */
export const Cache = z.strictObject({
  /** `host/path` of the registry, such as `ghcr.io/owner/repo`. */
  registry: z.string(),
  /** `owner/repo` on GitHub. Absent outside GitHub. */
  repository: z.string().optional(),
  /** GitHub's numeric id of that repository. */
  repositoryId: z.string().regex(/^\d+$/).optional(),
});
export type Cache = z.infer<typeof Cache>;
