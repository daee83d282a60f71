import { readDataCommit } from '../../site/lib/catalog/data-commit.ts';
import type { Health } from '../../site/schemas/checks/health.ts';
import { parseSettings, type ProcessEnvironment } from '../../site/schemas/settings.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { readDate, readOrigin } from '../publish/origin.ts';
import { readSigner } from '../signing/signature.ts';
import { Diagnosis } from './diagnosis.ts';
import { examine } from './examine.ts';
import { openSite } from './open-site.ts';
import { readWholeCatalog } from './read-catalog.ts';
import { toHealth } from './report.ts';

/** The command line of doctor. */
export interface DoctorOptions extends Partial<Record<'registry' | 'site' | 'catalog', string>> {
  /** Folder in which a deep run keeps how far it has come. */
  journal: string;
  deep: boolean;
  spack: boolean;
  fix: boolean;
}

/** Compares catalog, registry and site, puts right what is asked for, and says what was found. */
export async function diagnose(
  { deep, journal, spack, fix, ...options }: DoctorOptions,
  environment: ProcessEnvironment,
): Promise<{ health: Health; catalog: string }> {
  const { CATALOG_DIR: catalog, ...settings } = parseSettings({
    ...environment,
    ...(options.catalog && { CATALOG_DIR: options.catalog }),
  });
  const diagnosis = new Diagnosis();
  const read = readWholeCatalog(catalog, diagnosis);
  // Without a word from the owner: where the catalog says that its builds are.
  const registry = options.registry ?? (environment['REGISTRY'] || read.catalog.cache?.registry);
  const site = options.site ?? environment['SITE_URL'];
  const date = readDate(environment, new Date());
  const commit = await readDataCommit(catalog);
  await examine(read, diagnosis, {
    registry: openRegistry(registry ?? settings.REGISTRY),
    ...(site ? { site: openSite(site) } : {}),
    ...{ deep, spack, journal, commit, environment },
    now: new Date(date),
    budget: settings.PAGES_BUDGET,
    signer: await readSigner(environment),
  });
  if (fix) await diagnosis.fixAll();
  const { run } = readOrigin(environment);
  const about = { date, deep, ...(run ? { run } : {}), ...(commit ? { commit } : {}) };
  return { health: toHealth(diagnosis, about), catalog };
}
