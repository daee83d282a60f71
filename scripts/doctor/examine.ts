import { parseSettings, type ProcessEnvironment } from '../../site/schemas/settings.ts';
import { indexOfBuilds, leaveOutUnreadable } from '../mirror/indexes.ts';
import { readSigner } from '../signing/signer.ts';
import { checkKeys, checkManifests, checkNodes, checkTimes } from './check-catalog.ts';
import { checkRegistries } from './check-registries.ts';
import { Diagnosis, SAMPLE, toHealth } from './diagnosis.ts';
import { openMirrorFiles } from '../build-cache/mirror-files.ts';
import { readWholeCatalog } from './read-catalog.ts';
import { readDataCommit } from '../../site/lib/catalog/data-commit.ts';
import type { Health } from '../../site/schemas/checks/health.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { readDate, readOrigin } from '../publish/origin.ts';

/** The command line of doctor. */
export interface DoctorOptions extends Partial<Record<'registry' | 'site' | 'catalog', string>> {
  /** Folder in which a deep run records its progress. */
  journal: string;
  deep: boolean;
  spack: boolean;
  fix: boolean;
}

/**
 * Compares catalog, registry and site, the catalog first. Checks that not every run makes are loaded when needed, since
 * loading them is a large part of a short run's time. Applies fixes if requested, and returns the
 * findings.
 */
export async function diagnose(
  { deep, journal, spack, fix, ...options }: DoctorOptions,
  environment: ProcessEnvironment,
): Promise<{ health: Health; catalog: string }> {
  const { CATALOG_DIR: directory, ...settings } = parseSettings({
    ...environment,
    ...(options.catalog && { CATALOG_DIR: options.catalog }),
  });
  const diagnosis = new Diagnosis();
  // Read before the catalog fills the memory, since a child process begins as a copy of this one.
  const commit = await readDataCommit(directory);
  const read = readWholeCatalog(directory, diagnosis);
  // By default the registry that the catalog names.
  const registry = options.registry ?? (environment['REGISTRY'] || read.catalog.cache?.registry);
  const own = openRegistry(registry ?? settings.REGISTRY);
  const siteUrl = options.site ?? environment['SITE_URL'];
  const date = readDate(environment, new Date());
  const sample = { limit: deep ? Infinity : SAMPLE, now: new Date(date) };
  const signer = await readSigner(environment);
  const isReadable = checkNodes(read, diagnosis);
  await checkManifests(read, diagnosis, { ...sample, signer });
  await checkKeys(read, diagnosis, sample.now);
  checkTimes(read, diagnosis, sample.now);

  // Like the mirror, leave out nodes that clients cannot read.
  const indexed = isReadable ? read.catalog : leaveOutUnreadable(read.catalog).catalog;
  const all = indexOfBuilds(indexed.builds.values(), indexed.nodes);
  const bytes = { journal: deep ? journal : undefined };
  await checkRegistries(read, diagnosis, { ...sample, ...bytes, own, indexed, all });

  if (siteUrl) {
    const site = openMirrorFiles(siteUrl);
    const { checkSite } = await import('./check-site.ts');
    const check = { ...sample, site, indexed, index: all.blob, budget: settings.PAGES_BUDGET, commit };
    const listed = await checkSite(read, diagnosis, check);
    if (listed && deep) {
      const { checkSiteBytes } = await import('./check-bytes.ts');
      await checkSiteBytes(read, diagnosis, { site, listed, journal });
    }
  }

  if (deep || spack) {
    const { checkWithSpack } = await import('./check-spack.ts');
    await checkWithSpack(all.text, indexed.builds.size, diagnosis, environment);
  } else
    diagnosis.count('spack', 'Spack reads the index', 1, { checked: 0, note: 'only with --spack or --deep' });
  if (fix) await diagnosis.fixAll();
  const { run } = readOrigin(environment);
  const about = { date, deep, ...(run ? { run } : {}), ...(commit ? { commit } : {}) };
  return { health: toHealth(diagnosis, about), catalog: directory };
}
