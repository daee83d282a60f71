import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Document } from 'yaml';
import { z } from 'zod';
import { parseYaml } from '../../site/lib/yaml.ts';
import type { ExternalStates } from '../spack/external-state.ts';

/** Where an environment's file is, and what it may include. */
export interface EnvironmentPlace {
  file: string;
  /** The repository: nothing outside of it is read. */
  root: string;
  /** What Spack found of its externals in folders of the system. Absent: it was not asked. */
  states?: ExternalStates | undefined;
}

/** Includes of includes of includes end here. */
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
 * Takes the files of the repository that an environment includes into it by Spack's rules: the environment's own word
 * comes first, then that of what is included first. So a build job needs one file, and what an included file has of a
 * machine is found. What Spack gets from the network stays an `include`.
 * @param notes gets a sentence for each thing that comes from the network
 * @returns a sentence for each file that cannot be taken
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

  /** What all files of a list say together; `from` is the file that has the list. */
  readAll(list: unknown, from: string, depth: number): Settings {
    const entries = z.array(z.unknown()).safeParse(list);
    if (!entries.success || depth > MAX_DEPTH) {
      this.refusals.push(
        depth > MAX_DEPTH
          ? `${from}: expected files that include each other at most ${MAX_DEPTH} deep; put some of them together`
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
      return refuse('has a condition (when), which is only known on your machine: include it without one');
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
      return refuse('is outside of this repository: put it into it');
    const files = statSync(file).isDirectory()
      ? readdirSync(file)
          .filter((name) => name.endsWith('.yaml'))
          .sort()
          .map((name) => join(file, name))
      : [file];
    return files
      .map((one) => this.readFile(one, depth))
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
 * Spack's way to put two levels of settings together: maps key by key, lists one behind the other, else the higher one
 * counts. A key with a colon at its end replaces what is lower. Source: Spack's `merge_yaml`.
 */
function mergeSettings(higher: Settings, lower: Settings): Settings {
  const merged: Settings = { ...higher };
  for (const [name, below] of Object.entries(lower)) {
    if (`${name}:` in higher) continue;
    const above = higher[name];
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
