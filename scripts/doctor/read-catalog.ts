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
import { hashesOf } from '../../site/schemas/node.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import { formatList } from '../../site/lib/format.ts';
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

/** The readable part of a catalog. */
export interface ExaminedCatalog {
  directory: string;
  catalog: Catalog;
  /** Paths of manifests without a build in the catalog. */
  orphans: string[];
  removed: Map<DagHash, Removed>;
  containers: Container[];
  /** Settings files that consumers may include, keyed by sha256. */
  recorded: Map<string, string>;
}

/** Schemas of the files in `checks/`, keyed by file name without its ending. */
const CHECKS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['doctor', Health],
  ['challenge', Reproduction],
  ['alike', AlikeBuilds],
  ['recipes', RecipeComparison],
]);

/** Reads every file of a catalog; a faulty file becomes a finding and is left out. */
export function readWholeCatalog(directory: string, diagnosis: Diagnosis): ExaminedCatalog {
  const reader = new CatalogReader(directory, diagnosis);
  const orphans: string[] = [];
  // Each node is checked once; `checkNodes` uses the results.
  const catalog = readCatalog(directory, {
    onFault: (fault) => reader.noteFault(fault),
    readNode: readGoodNode,
    onOrphan: (path) => orphans.push(path),
  });
  const removed = reader.parseAll('removed', Removed, ({ hash }) => hash);
  // A container's record is named for its image, in the folder of its package or environment.
  const containers = reader.parseAll('containers', Container, ({ digest }, { id }) =>
    join(dirname(id), hexOf(digest)),
  );
  reader.parseAll('solved', SolvedEnvironment);
  reader.parseAll('failures', Failure);
  reader.parseAll('packages', Package, ({ name }) => name);
  reader.parseAll('stats', MonthlyStats, ({ month }) => month);
  const recorded = reader.readRecorded();
  reader.readEach('environments', ({ body = '' }, path) => void parseYaml(body, path));
  reader.readEach('checks', (entry) => {
    const schema = CHECKS.get(entry.id);
    if (schema) parseEntry('checks', entry, schema);
  });
  reader.checkKept(catalog);
  reader.checkLocks(catalog.locks);
  const { nodes, builds, manifests, keys, locks } = catalog;
  const core = nodes.size + builds.size + manifests.size + keys.size + locks.size;
  diagnosis.count('catalog', 'files fit their schema and name', reader.files + core);
  return {
    directory,
    catalog,
    orphans,
    removed: new Map(removed.map((record) => [record.hash, record])),
    containers,
    recorded,
  };
}

/** Reads the parts of a catalog besides its core, and reports their faults. */
class CatalogReader {
  /** Files read so far. */
  files = 0;
  readonly #directory: string;
  readonly #diagnosis: Diagnosis;

  constructor(directory: string, diagnosis: Diagnosis) {
    this.#directory = directory;
    this.#diagnosis = diagnosis;
  }

  /** Reads each file of a kind; errors become findings about the file. */
  readEach(kind: CatalogKind, read: (entry: CatalogEntry, path: string) => void): void {
    for (const entry of readEntries(this.#directory, kind)) {
      this.files += 1;
      const path = catalogPath(kind, entry.id);
      try {
        read(entry, path);
      } catch (error) {
        this.#noteUnreadable(path, error);
      }
    }
  }

  /** @param idOf name that a file should have; absent: any name */
  parseAll<T>(
    kind: CatalogKind,
    schema: z.ZodType<T>,
    idOf?: (value: T, entry: CatalogEntry) => string,
  ): T[] {
    const values: T[] = [];
    this.readEach(kind, (entry, path) => {
      const value = parseEntry(kind, entry, schema);
      const expected = catalogPath(kind, idOf?.(value, entry) ?? entry.id);
      if (expected === path) values.push(value);
      else this.#noteMisplaced(path, `its content in ${expected}`, 'a file with another name');
    });
    return values;
  }

  /** The recorded settings files, keyed by the sha256 in their names. */
  readRecorded(): Map<string, string> {
    const recorded = new Map<string, string>();
    this.readEach('mirrors', ({ id, body = '' }, path) => {
      recorded.set(id, body);
      const sha256 = sha256Of(body);
      if (sha256 === id) return;
      this.#diagnosis.add('settings-damaged', {
        where: join(this.#directory, path),
        expected: 'the text whose sha256 is its name: every command of a consumer who includes it fails',
        found: `a text with the sha256 ${sha256}`,
      });
    });
    return recorded;
  }

  /** Checks that the builds that pins and snapshots keep exist. */
  checkKept({ builds, snapshots }: Catalog): void {
    this.readEach('pins', ({ body = '' }, path) =>
      this.#expectKept(path, resolvePin(parsePin(body, path), builds).missing),
    );
    for (const [name, hashes] of snapshots) {
      const missing = hashes.filter((hash) => !builds.has(hash)).map((hash) => `/${hash}`);
      this.#expectKept(catalogPath('snapshots', name), missing);
    }
  }

  /** Checks that each environment's lock has every node that its roots need: nothing could be built from it. */
  checkLocks(locks: Catalog['locks']): void {
    for (const [name, { roots, concrete_specs: nodes }] of locks) {
      const needed = walk(
        roots.map(({ hash }) => hash),
        (hash) => hashesOf(nodes[hash]),
      );
      const missing = needed.filter((hash) => nodes[hash] === undefined);
      if (missing.length === 0) continue;
      this.#diagnosis.add('lock-incomplete', {
        where: join(this.#directory, catalogPath('locks', name)),
        expected: 'each node that its roots need',
        found: `no ${formatList(missing, 3)}`,
      });
    }
  }

  /** Reports a fault of a core file. */
  noteFault(fault: CatalogFault): void {
    const { kind, path, message } = fault;
    if (kind === 'unreadable') this.#noteUnreadable(path, fault);
    else if (kind === 'misplaced')
      this.#noteMisplaced(path, 'a file named for its content', message.replace(/^.*?: /, ''));
    // A missing manifest can be rewritten, so `checkManifests` reports it.
    else if (kind === 'node-missing')
      this.#diagnosis.add('node-missing', {
        where: join(this.#directory, path),
        expected: 'the node of a build that is in builds/',
        found: 'none: every index leaves out the build',
      });
  }

  #noteUnreadable(path: string, error: unknown): void {
    const where = join(this.#directory, path);
    const found = describeError(error).split(`${path}: `).at(-1) ?? '';
    this.#diagnosis.add('file-unreadable', { where, expected: 'a file in the format of the catalog', found });
  }

  #noteMisplaced(path: string, expected: string, found: string): void {
    this.#diagnosis.add('file-misplaced', { where: join(this.#directory, path), expected, found });
  }

  #expectKept(path: string, missing: readonly string[]): void {
    if (missing.length === 0) return;
    this.#diagnosis.add('kept-missing', {
      where: join(this.#directory, path),
      expected: 'names of existing builds, which are to be kept',
      found: `none for ${missing.join(', ')}`,
    });
  }
}
