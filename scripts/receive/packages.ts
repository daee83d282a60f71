import { Package } from '../../site/schemas/package.ts';
import { readCatalogFile } from '../catalog/catalog.ts';
import type { NewFile } from '../catalog/new-files.ts';
import type { Plan } from './plan-folder.ts';
import { formatJson } from '../../site/lib/json.ts';

/**
 * What a build says of planned packages, where the catalog has nothing newer. The commit is the plan's; the
 * commit's date is the build's word, and one in the future would win for ever: it is left out.
 */
export function packageFiles(
  packages: readonly Package[],
  plan: Plan,
  catalogDirectory: string,
  now: string,
): NewFile[] {
  const names = new Set([...plan.nodes.values()].map(({ name }) => name));
  return packages.flatMap(({ commitDate, ...claimed }) => {
    if (!names.has(claimed.name)) return [];
    const isPast = commitDate !== undefined && commitDate <= now;
    const reported = Package.parse({
      ...claimed,
      commit: plan.inputs.packages,
      ...(isPast ? { commitDate } : {}),
    });
    const path = `packages/${reported.name}.json`;
    const recorded = readCatalogFile(catalogDirectory, path, Package);
    if (recorded && !isNewer(reported, recorded)) return [];
    if (recorded?.deprecated) reported.deprecated = recorded.deprecated;
    return [{ path, content: formatJson(reported), replace: true }];
  });
}

function isNewer(reported: Package, recorded: Package): boolean {
  if (reported.commit === recorded.commit) return false;
  return (reported.commitDate ?? '') > (recorded.commitDate ?? '');
}
