import { dirname, join } from 'node:path';
import type { z } from 'zod';
import {
  catalogPath,
  parseEntry,
  type Catalog,
  type CatalogEntry,
  type CatalogFault,
  type CatalogKind,
} from '../../site/lib/catalog/catalog-files.ts';
import { readGoodNode } from '../../site/lib/spack/node-faults.ts';
import { parsePin, resolvePin } from '../../site/lib/catalog/kept-builds.ts';
import { sha256Of } from '../../site/lib/mirror/recorded-settings.ts';
import { Container } from '../../site/schemas/container.ts';
import { SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { hexOf, type DagHash } from '../../site/schemas/digest.ts';
import { parseYaml } from '../../site/lib/yaml.ts';
import { AlikeBuilds } from '../../site/schemas/checks/alike-builds.ts';
import { Health } from '../../site/schemas/checks/health.ts';
import { RecipeComparison } from '../../site/schemas/checks/recipe-comparison.ts';
import { Reproduction } from '../../site/schemas/checks/reproduction.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { MonthlyStats } from '../../site/schemas/monthly-stats.ts';
import { Package } from '../../site/schemas/package.ts';
import { Removed } from '../../site/schemas/removed.ts';
import { readCatalog, readEntries } from '../catalog/catalog.ts';
import { describeError } from '../cli/command.ts';
import type { Diagnosis } from './diagnosis.ts';

/** A catalog as far as it can be read. */
export interface ExaminedCatalog {
  directory: string;
  catalog: Catalog;
  /** Paths of manifests that no build of the catalog has. */
  orphans: string[];
  removed: Map<DagHash, Removed>;
  containers: Container[];
  /** Settings files that consumers may include, by sha256. */
  recorded: Map<string, string>;
}

/** What is in `checks/`, by file name without its ending. */
const CHECKS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['doctor', Health],
  ['challenge', Reproduction],
  ['alike', AlikeBuilds],
  ['recipes', RecipeComparison],
]);

/** Reads every file of a catalog; each that is wrong is a finding, and is left out. */
export function readWholeCatalog(directory: string, diagnosis: Diagnosis): ExaminedCatalog {
  let files = 0;
  const misread = (path: string, error: unknown): void => {
    const where = join(directory, path);
    const found = describeError(error).replace(new RegExp(`^.*?${RegExp.escape(path)}: `), '');
    diagnosis.add('file-unreadable', { where, expected: 'a file as the catalog has them', found });
  };
  const onFault = (fault: CatalogFault): void => {
    const where = join(directory, fault.path);
    if (fault.kind === 'unreadable') misread(fault.path, fault);
    else if (fault.kind === 'misplaced')
      diagnosis.add('file-misplaced', {
        where,
        expected: 'a file named for its content',
        found: fault.message.replace(/^.*?: /, ''),
      });
    // A missing manifest can be written again: `checkManifests` finds it.
    else if (fault.kind === 'node-missing')
      diagnosis.add('node-missing', {
        where,
        expected: 'the node of a build that is in builds/',
        found: 'none: every index leaves the build out',
      });
  };
  const orphans: string[] = [];
  // Each node is looked at once; `checkNodes` finds the answers.
  const catalog = readCatalog(directory, {
    ...{ onFault, readNode: readGoodNode },
    onOrphan: (path) => orphans.push(path),
  });

  /** @param idOf what a file is to be named for; absent: any name will do */
  function parseAll<T>(
    kind: CatalogKind,
    schema: z.ZodType<T>,
    idOf?: (value: T, entry: CatalogEntry) => string,
  ): T[] {
    return readEntries(directory, kind).flatMap((entry) => {
      files += 1;
      const path = catalogPath(kind, entry.id);
      try {
        const value = parseEntry(kind, entry, schema);
        const expected = catalogPath(kind, idOf?.(value, entry) ?? entry.id);
        if (expected === path) return [value];
        diagnosis.add('file-misplaced', {
          where: join(directory, path),
          expected: `its content in ${expected}`,
          found: 'it under another name',
        });
      } catch (error) {
        misread(path, error);
      }
      return [];
    });
  }

  const removed = parseAll('removed', Removed, ({ hash }) => hash);
  // Named for its image, in the folder of its package or environment.
  const containers = parseAll('containers', Container, ({ digest }, { id }) =>
    join(dirname(id), hexOf(digest)),
  );
  parseAll('solved', SolvedEnvironment);
  parseAll('failures', Failure);
  parseAll('packages', Package, ({ name }) => name);
  parseAll('stats', MonthlyStats, ({ month }) => month);
  const recorded = new Map<string, string>();
  for (const { id, body = '' } of readEntries(directory, 'mirrors')) {
    files += 1;
    recorded.set(id, body);
    const sha256 = sha256Of(body);
    if (sha256 === id) continue;
    diagnosis.add('settings-damaged', {
      where: join(directory, catalogPath('mirrors', id)),
      expected:
        'the text that its name is the sha256 of: a consumer who includes it gets an error at every command',
      found: `a text with the sha256 ${sha256}`,
    });
  }
  for (const { id, body = '' } of readEntries(directory, 'environments')) {
    files += 1;
    const path = catalogPath('environments', id);
    try {
      parseYaml(body, path);
    } catch (error) {
      misread(path, error);
    }
  }
  for (const entry of readEntries(directory, 'checks')) {
    files += 1;
    const schema = CHECKS.get(entry.id);
    if (schema === undefined) continue;
    try {
      parseEntry<unknown>('checks', entry, schema);
    } catch (error) {
      misread(catalogPath('checks', entry.id), error);
    }
  }
  const expectKept = (path: string, missing: readonly string[]): void => {
    if (missing.length > 0)
      diagnosis.add('kept-missing', {
        where: join(directory, path),
        expected: 'names of builds that are here: they are to be kept',
        found: `none for ${missing.join(', ')}`,
      });
  };
  for (const { id, body = '' } of readEntries(directory, 'pins')) {
    files += 1;
    const path = catalogPath('pins', id);
    try {
      expectKept(path, resolvePin(parsePin(body, path), catalog.builds).missing);
    } catch (error) {
      misread(path, error);
    }
  }
  for (const [name, hashes] of catalog.snapshots) {
    const missing = hashes.filter((hash) => !catalog.builds.has(hash)).map((hash) => `/${hash}`);
    expectKept(catalogPath('snapshots', name), missing);
  }
  const { nodes, builds, manifests, keys, locks } = catalog;
  files += nodes.size + builds.size + manifests.size + keys.size + locks.size;
  diagnosis.count('catalog', 'files fit their schema and name', files);
  return {
    directory,
    catalog,
    orphans,
    removed: new Map(removed.map((record) => [record.hash, record])),
    containers,
    recorded,
  };
}
