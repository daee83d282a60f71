import { compareTexts } from '../../site/lib/spack/versions.ts';
import type { Container } from '../../site/schemas/container.ts';
import type { Registry } from '../oci/registry.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';

/**
 * Checks that the newest container of each name and architecture exists; earlier ones may be gone.
 * @param limit maximum number of containers to check
 * @param tags tags of the registry
 */
export async function checkContainers(
  { containers }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { registry, limit, now }: { registry: Registry; limit: number; now: Date },
  tags: ReadonlySet<string>,
): Promise<void> {
  const newest = new Map<string, Container>();
  for (const container of containers.toSorted((a, b) => compareTexts(a.published, b.published)))
    newest.set(`${container.tags[0]} ${container.os}/${container.architecture}`, container);
  const all = [...newest.values()];
  const hasTag = ({ tags: [tag = ''] }: Container): boolean => tags.has(tag);
  if (all.length > 1 && !all.some(hasTag)) {
    diagnosis.add('container-missing', {
      where: registry.reference,
      expected: `the ${all.length} newest containers of the catalog`,
      found: 'none of them',
      advice:
        'run the workflows that built them again, or remove their records in containers/; a registry to which builds were ' +
        'copied has none',
    });
    diagnosis.count('registry', 'containers are there', all.length);
    return;
  }
  await diagnosis.sample('registry', 'containers are there', all, { limit, now }, async (container) => {
    if (hasTag(container) && (await registry.readText(container.digest))) return;
    diagnosis.add('container-missing', {
      where: `${registry.reference}:${container.tags[0]}`,
      expected: `the container ${container.digest} for ${container.os}/${container.architecture}`,
      found: hasTag(container) ? 'the tag, but no such image' : 'no such tag',
    });
  });
}
