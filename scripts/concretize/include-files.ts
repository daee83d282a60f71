import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Document } from 'yaml';
import { z } from 'zod';
import { parseYaml } from '../../site/lib/yaml.ts';
import type { ExternalStates } from './environment-packages.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** Path of an environment's file, and the limits of its includes. */
export interface EnvironmentPlace {
  file: string;
  /** Root of the repository; no file outside it is read. */
  root: string;
  /** Spack's findings about externals in folders of the system. Absent: not asked. */
  states?: ExternalStates | undefined;
}

const MAX_DEPTH = 8;
const IS_REMOTE = /^[a-z][a-z0-9+.-]*:\/\//;

const Settings = z.record(z.string(), z.unknown());
type Settings = z.infer<typeof Settings>;

const Include = z.union([
  z.string().transform((path) => ({ path, optional: false, when: undefined })),
  z.object({ path: z.string(), optional: z.boolean().default(false), when: z.string().optional() }),
  z.object({ git: z.string(), commit: z.string().optional() }),
]);

/**
 * Replaces an environment's includes of the repository's files by their content, by Spack's rules: the
 * environment's own settings have precedence, then those of earlier includes. A build job then needs a single
 * file, and settings of a machine are found in included files, too. What Spack downloads remains an
 * `include`.
 * @param notes gets one sentence for each download
 * @returns one sentence for each file that cannot be included
 */
export function takeIncludes(document: Document, place: EnvironmentPlace, notes: string[]): string[] {
  const own = Settings.parse(
    z.object({ spack: Settings }).parse(document.toJS({ maxAliasCount: 100 })).spack,
  );
  if (own['include'] === undefined) return [];
  const reader = new IncludeReader(place.root, notes);
  const included = reader.readAll(own['include'], place.file, 0);
  for (const [name, value] of Object.entries(mergeSettings(own, included)))
    if (name.replace(/:$/, '') !== 'include') document.setIn(['spack', name], document.createNode(value));
  if (reader.remote.length === 0) document.deleteIn(['spack', 'include']);
  else document.setIn(['spack', 'include'], document.createNode(reader.remote));
  return reader.refusals;
}

class IncludeReader {
  readonly remote: unknown[] = [];
  readonly refusals: string[] = [];
  readonly root: string;
  readonly notes: string[];

  constructor(root: string, notes: string[]) {
    this.root = realpathSync(root);
    this.notes = notes;
  }

  /** The merged settings of all files of a list; `from` is the file that contains the list. */
  readAll(list: unknown, from: string, depth: number): Settings {
    const entries = z.array(z.unknown()).safeParse(list);
    if (!entries.success || depth > MAX_DEPTH) {
      this.refusals.push(
        depth > MAX_DEPTH
          ? `${from}: expected files that include each other at most ${MAX_DEPTH} deep; merge some of them`
          : `${from}: expected a list of files as include`,
      );
      return {};
    }
    return entries.data
      .map((entry) => this.read(entry, from, depth))
      .reduceRight<Settings>((lower, higher) => mergeSettings(higher, lower), {});
  }

  private read(entry: unknown, from: string, depth: number): Settings {
    const { data: include } = Include.safeParse(entry);
    if (!include) {
      this.refusals.push(`include: ${JSON.stringify(entry).slice(0, 200)} is not a path or an address`);
      return {};
    }
    if ('git' in include || IS_REMOTE.test(include.path)) {
      this.remote.push(entry);
      const address = 'git' in include ? include.git : include.path;
      const advice = 'git' in include && !include.commit ? '; name a commit, or it may change meanwhile' : '';
      this.notes.push(`include: ${address} comes from the network${advice}`);
      return {};
    }
    const { path, optional, when } = include;
    const refuse = (reason: string) => {
      this.refusals.push(`include: ${path} ${reason}`);
      return {};
    };
    if (when !== undefined)
      return refuse('has a condition (when), which only your machine can evaluate: include it without one');
    if (/^[/~$]/.test(path))
      return refuse(
        "is on your machine: put it into this repository, and write its path relative to the environment's file",
      );
    const file = resolve(dirname(from), path);
    if (!existsSync(file)) {
      if (optional) return {};
      return refuse(`is not in this repository: expected it at ${relative(this.root, file)}`);
    }
    const inside = relative(this.root, realpathSync(file));
    if (inside === '..' || inside.startsWith(`..${sep}`))
      return refuse('is outside this repository: move it into the repository');
    const files = statSync(file).isDirectory()
      ? readdirSync(file)
          .filter((name) => name.endsWith('.yaml'))
          .sort()
          .map((name) => join(file, name))
      : [file];
    return files
      .map((item) => this.readFile(item, depth))
      .reduceRight<Settings>((lower, higher) => mergeSettings(higher, lower), {});
  }

  private readFile(file: string, depth: number): Settings {
    const settings = Settings.nullable().safeParse(parseYaml(readFileSync(file, 'utf8'), file));
    if (!settings.success) {
      this.refusals.push(`include: ${basename(file)}: expected settings of Spack, such as "packages:"`);
      return {};
    }
    const { include, ...own } = settings.data ?? {};
    return include === undefined ? own : mergeSettings(own, this.readAll(include, file, depth + 1));
  }
}

/**
 * Merges two levels of settings as Spack does: maps key by key, lists one after the other, otherwise the
 * higher one wins. A key that ends with a colon replaces the lower one. Source: Spack's `merge_yaml`.
 */
function mergeSettings(higher: Settings, lower: Settings): Settings {
  const merged: Settings = { ...higher };
  for (const [name, below] of Object.entries(lower)) {
    if (Object.hasOwn(higher, `${name}:`)) continue;
    const above = ownValue(higher, name);
    if (above === undefined) merged[name] = below;
    else if (Array.isArray(above) && Array.isArray(below)) {
      const texts = new Set(above.map((value) => JSON.stringify(value)));
      merged[name] = [...(above as unknown[]), ...below.filter((value) => !texts.has(JSON.stringify(value)))];
    } else {
      const [a, b] = [Settings.safeParse(above), Settings.safeParse(below)];
      if (a.success && b.success) merged[name] = mergeSettings(a.data, b.data);
    }
  }
  return merged;
}
