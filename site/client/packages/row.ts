import { formatCount, formatDate, formatSize } from '../../lib/format.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';

const DAY_MS = 86_400_000;

/** Fills a row of the table of packages. */
export function fillRow(row: HTMLElement, index: PackageIndex, place: number, base: string): void {
  const name = index.names[place] ?? '';
  const texts: Record<string, string> = {
    name,
    description: index.descriptions[place] ?? '',
    version: index.versions[index.packageVersions[place]?.[0] ?? -1] ?? '',
    more: formatMore(index.packageVersions[place]?.length ?? 0),
    targets: (index.packageTargets[place] ?? []).map((target) => index.targets[target]).join(', '),
    builds: formatCount(index.builds[place] ?? 0),
    size: formatSize(index.sizes[place] ?? 0),
    updated: formatDate(new Date((index.updated[place] ?? 0) * DAY_MS).toISOString()),
  };
  for (const field of row.querySelectorAll<HTMLElement>('[data-field]')) {
    const text = texts[field.dataset['field'] ?? ''] ?? '';
    if (field.textContent !== text) field.textContent = text;
  }
  const link = row.querySelector('a');
  if (link) link.href = `${base}/packages/${encodeURIComponent(name)}/`;
}

/** How many versions there are besides the highest. */
function formatMore(versions: number): string {
  return versions > 1 ? `+${versions - 1}` : '';
}
