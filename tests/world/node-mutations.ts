import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mulberry32 } from '../generate/random.ts';

/** A node as JSON text, and its mutation. */
export interface MutatedNode {
  text: string;
  mutation: string;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Random = () => number;

const FOLDER = join(import.meta.dirname, '../fixtures/real-nodes');

/** Texts that readers misinterpret, cannot read, or should never receive. */
const TEXTS = [
  '',
  ' ',
  '*',
  'true',
  'False',
  'none',
  'a,b',
  'a b',
  'a:b',
  'a=b',
  '1/0',
  '1.0 beta',
  '1.0\n',
  ' 1.0',
  '.1',
  '1.',
  '-1',
  '1-',
  '1..2',
  '1_0',
  '_',
  'develop',
  '1.0rc1',
  '2024-01-02',
  '$(touch x)',
  '<b>',
  '\0',
  '\u{ff11}',
  '\u202e1',
  '\ud800',
  '${{ x }}',
  '"',
  "'",
  '\\',
  '\u001b[0m',
  'é',
  '@',
  '%gcc',
  '^zlib',
  '~',
  '+x',
  'x'.repeat(90),
  'git.main',
  'git.main=1.0',
  'git.a=b=c',
  'git.=1',
  '=1.0',
  'main=1.0',
  'a'.repeat(40),
  '0123456789'.repeat(4),
  '9'.repeat(60),
  'any',
  'default_target',
  'fe',
  'frontend',
  'x86_64',
  'zen4',
  'm1',
  'linux',
  'a.b',
  'a-b',
  'A',
  '0',
];
const NUMBERS = ['0', '1', '-1', '1.5', '1e400', '-0', '123456789012345678901234567890', '9'.repeat(5000)];
const KEYS = [
  'name',
  'version',
  'versions',
  'arch',
  'namespace',
  'parameters',
  'package_hash',
  'dependencies',
  'external',
  'patches',
  'annotations',
  'compiler',
  'build_spec',
  'hash',
  'concrete',
  'propagate',
  'abstract',
  'target',
  'platform',
  'platform_os',
  'deptypes',
  'virtuals',
  'direct',
  'cflags',
  'os',
  'path',
  'module',
  'extra_attributes',
  'original_specfile_version',
  'new',
];

/** Returns the nodes of real locks as texts. */
export function realNodes(): string[] {
  return ['x86_64_v3', 'neoverse_v1'].flatMap((target) => {
    const lock = JSON.parse(readFileSync(join(FOLDER, `${target}.lock.json`), 'utf8')) as {
      concrete_specs: Record<string, Json>;
    };
    return Object.values(lock.concrete_specs).map((node) => JSON.stringify(node));
  });
}

/** Mutates real nodes; the same seed gives the same nodes. A tenth of them stay unchanged. */
export function mutateNodes(count: number, seed: number): MutatedNode[] {
  const random = mulberry32(seed);
  const real = realNodes();
  return Array.from({ length: count }, () => {
    const node = JSON.parse(pick(real, random)) as { [key: string]: Json };
    const mutations = random() < 0.1 ? 0 : random() < 0.8 ? 1 : 2;
    const numbers: string[] = [];
    const done = Array.from({ length: mutations }, () => mutate(node, random, numbers));
    // Numbers that JavaScript cannot represent are inserted as text.
    const text = JSON.stringify(node).replaceAll(
      /"number:(\d+)"/g,
      (_, at: string) => numbers[Number(at)] ?? '0',
    );
    return { text, mutation: done.join(', then ') };
  });
}

function mutate(root: { [key: string]: Json }, random: Random, numbers: string[]): string {
  const places: { holder: { [key: string]: Json } | Json[]; key: string | number; path: string }[] = [];
  collect(root, '', places);
  // Prefers places near the top: most places in a node are in dependencies and variants.
  const top = places.filter(({ path }) => path.split('.').length <= 3);
  const { holder, key, path } = pick(random() < 0.7 ? top : places, random);
  const old = Array.isArray(holder) ? holder[Number(key)] : holder[key];
  const set = (value: Json) => {
    if (Array.isArray(holder)) holder[Number(key)] = value;
    else holder[key] = value;
  };
  const action = Math.floor(random() * 9);
  if (action === 0) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else Reflect.deleteProperty(holder, key);
    return `removed ${path}`;
  }
  if (action === 1 && !Array.isArray(holder)) {
    const renamed = random() < 0.5 ? pick(KEYS, random) : pick(TEXTS, random);
    holder[renamed] = old ?? null;
    return `copied ${path} to ${renamed.slice(0, 20)}`;
  }
  if (action === 2 && Array.isArray(old)) {
    if (old.length > 0 && random() < 0.5) old.push(pick(old, random));
    else old.push(value(random, numbers));
    return `lengthened ${path}`;
  }
  if (action === 3 && typeof old === 'string' && old.length > 0) {
    const at = Math.floor(random() * (old.length + 1));
    set(old.slice(0, at) + pick(TEXTS, random).slice(0, 3) + old.slice(at));
    return `inserted into ${path}`;
  }
  if (action === 4) {
    const key = pick(KEYS, random);
    root[key] = value(random, numbers);
    return `set ${key}`;
  }
  if (action === 5) {
    root['external'] = { path: '/usr', module: null, extra_attributes: {} };
    if (random() < 0.5)
      (root['external'] as { [key: string]: Json })[pick(['path', 'module', 'extra_attributes'], random)] =
        value(random, numbers);
    return 'made external';
  }
  if (action === 6) {
    root['annotations'] = {
      original_specfile_version: 5,
      compiler: pick(['gcc@12.2.0', 'gcc@=12', 'gcc@...', 'gcc', '', 'gcc@1 +x', ...TEXTS], random),
    };
    return 'set a compiler';
  }
  const replacement =
    typeof old === 'string' && random() < 0.7 ? pick(TEXTS, random) : value(random, numbers);
  set(replacement);
  return `replaced ${path}`;
}

function value(random: Random, numbers: string[]): Json {
  const kind = Math.floor(random() * 8);
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) {
    numbers.push(pick(NUMBERS, random));
    return `number:${numbers.length - 1}`;
  }
  if (kind === 3) return [];
  if (kind === 4) return {};
  if (kind === 5) return [pick(TEXTS, random), pick(TEXTS, random)];
  if (kind === 6) return [value(random, numbers)];
  return pick(TEXTS, random);
}

function collect(
  holder: { [key: string]: Json } | Json[],
  path: string,
  places: { holder: { [key: string]: Json } | Json[]; key: string | number; path: string }[],
): void {
  for (const [key, child] of Object.entries(holder)) {
    const at = path === '' ? key : `${path}.${key}`;
    places.push({ holder, key, path: at });
    if (typeof child === 'object' && child !== null) collect(child, at, places);
  }
}

function pick<T>(from: readonly T[], random: Random): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error('expected something to pick from');
  return found;
}
