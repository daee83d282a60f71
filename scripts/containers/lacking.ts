import type { BuildRequest } from '../../site/schemas/build-request.ts';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import { readContainers } from './records.ts';
import { findMade, findWanted } from './wanted.ts';

/** Whether a request asks for a container that the catalog has no record of. */
export function lacksContainer(
  { container, environment }: Pick<BuildRequest, 'container' | 'environment'>,
  { roots, concrete_specs: nodes }: Pick<LockFile, 'roots' | 'concrete_specs'>,
  catalogDirectory: string,
): boolean {
  if (!container) return false;
  const wanted = findWanted(
    roots.flatMap(({ hash }) => nodes[hash] ?? []),
    { environment },
  );
  return wanted.some((one) => !findMade(one, readContainers(catalogDirectory, one.subject)));
}
