import { parseSettings, type ProcessEnvironment } from '../../site/schemas/settings.ts';
import { indexOfBuilds } from '../mirror/indexes.ts';
import { leaveOutUnreadable } from '../mirror/readable-catalog.ts';
import type { Registry } from '../oci/registry.ts';
import { readSigner, type Signer } from '../signing/signature.ts';
import { checkSiteBytes } from './check-bytes.ts';
import { checkKeys, checkManifests, checkNodes } from './check-catalog.ts';
import { checkRegistries } from './check-registries.ts';
import { checkWithSpack } from './check-spack.ts';
import { Diagnosis, SAMPLE, toHealth } from './diagnosis.ts';
import { openMirrorFiles, type MirrorFiles } from '../build-cache/mirror-files.ts';
import { readWholeCatalog, type ExaminedCatalog } from './read-catalog.ts';
import { readDataCommit } from '../../site/lib/catalog/data-commit.ts';
import type { Health } from '../../site/schemas/checks/health.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { readDate, readOrigin } from '../publish/origin.ts';

/** What is to be compared with a catalog, and how closely. */
export interface Examination {
  registry: Registry;
  /** Absent: there is none to look at. */
  site?: MirrorFiles;
  /** Whether everything is downloaded and hashed. */
  deep: boolean;
  /** Whether the Spack on PATH reads the index. */
  spack: boolean;
  now: Date;
  /** What the site may take, in bytes. */
  budget: number;
  /** The commit that the catalog is read from; undefined outside git. */
  commit: string | undefined;
  signer: Signer | undefined;
  /** Where a deep run keeps how far it has come. */
  journal: string;
  /** Where Spack is looked for. */
  environment: ProcessEnvironment;
}

/** Looks at everything, the catalog first; what is wrong ends up in the diagnosis. */
async function examine(read: ExaminedCatalog, diagnosis: Diagnosis, examination: Examination): Promise<void> {
  const { registry, site, deep, now } = examination;
  const limit = deep ? Infinity : SAMPLE;
  const isReadable = checkNodes(read, diagnosis);
  await checkManifests(read, diagnosis, { limit, now, signer: examination.signer });
  await checkKeys(read, diagnosis, now);

  // As the mirror makes it: what no client can read is left out.
  const catalog = isReadable ? read.catalog : leaveOutUnreadable(read.catalog).catalog;
  const all = indexOfBuilds(catalog.builds.values(), catalog.nodes);
  const journal = deep ? examination.journal : undefined;
  await checkRegistries(read, diagnosis, { own: registry, indexed: catalog, all, limit, now, journal });

  // Loaded where it is needed: with the schemas of the API it is a good part of what a short run takes.
  const listed =
    site &&
    (await (
      await import('./check-site.ts')
    ).checkSite(read, diagnosis, { ...examination, site, index: all.blob, limit }));
  if (site && listed && deep)
    await checkSiteBytes(read, diagnosis, { site, listed, journal: examination.journal });

  if (deep || examination.spack)
    await checkWithSpack(all.text, catalog.builds.size, diagnosis, examination.environment);
  else diagnosis.count('spack', 'Spack reads the index', 1, { checked: 0, note: 'with --spack or --deep' });
}

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
  // Before all is in memory: another process begins as a copy of this one.
  const commit = await readDataCommit(catalog);
  const read = readWholeCatalog(catalog, diagnosis);
  // Without a word from the owner: where the catalog says that its builds are.
  const registry = options.registry ?? (environment['REGISTRY'] || read.catalog.cache?.registry);
  const site = options.site ?? environment['SITE_URL'];
  const date = readDate(environment, new Date());
  await examine(read, diagnosis, {
    registry: openRegistry(registry ?? settings.REGISTRY),
    ...(site ? { site: openMirrorFiles(site) } : {}),
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
