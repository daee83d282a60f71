/** What a reader typed, taken apart. All lists are empty and all texts absent where nothing was said. */
export interface Query {
  /** Parts of names, descriptions, programs or libraries, in lower case. */
  words: string[];
  /** What follows `@`: `1.14`, `=1.14.6`, `1.12:1.14`. */
  version?: string;
  variants: { name: string; token: string }[];
  /** `gcc`, `gcc@12`. */
  compilers: string[];
  /** `x86_64_v3`; several are joined by `,`: any of them. */
  target?: string;
  os?: string;
  platform?: string;
  /** The beginning of a DAG hash. */
  hash?: string;
  /** What follows `^`: dependencies, which are not searched. */
  dependencies: string[];
}

/**
 * The parts that a spec is made of, in the order in which they are tried: compiler, dependency, hash, version,
 * boolean variant, key and value, word. A word may hold `++`, as `libstdc++.so` does.
 */
const PART =
  /%(?:[a-z,]+=)?(?<compiler>[^\s%^+~=]+)|\^(?<dependency>\S+)|(?<![^\s])\/(?<hash>[a-z2-7]{1,32})(?!\S)|@(?<version>[^\s%^+~@/]+)|(?<sign>[+~]|(?<!\S)-)(?<flag>[\w-]+)|(?<key>[\w-]+):?==?(?<value>"[^"]*"|'[^']*'|\S+)|(?<word>[^\s@%~^=+]+(?:\+\+[^\s@%~^=+]*)?)/g;

/** Reads a search: free words beside the parts of a spec, `hdf5@1.14 +mpi %gcc target=x86_64_v3`. */
export function parseQuery(text: string): Query {
  const query: Query = { words: [], variants: [], compilers: [], dependencies: [] };
  for (const { groups = {} } of text.matchAll(PART)) readPart(groups, query);
  return query;
}

function readPart(part: Record<string, string | undefined>, query: Query): void {
  const { compiler, dependency, hash, version, flag, key, value = '', word } = part;
  if (compiler !== undefined) query.compilers.push(compiler);
  else if (dependency !== undefined) query.dependencies.push(dependency);
  else if (hash !== undefined) query.hash = hash;
  else if (version !== undefined) query.version = version;
  else if (flag !== undefined)
    query.variants.push({ name: flag, token: `${part['sign'] === '+' ? '+' : '~'}${flag}` });
  else if (key !== undefined) readSetting(key, value.replaceAll(/^["']|["']$/g, ''), query);
  else if (word !== undefined) {
    const last = word.slice(word.lastIndexOf('/') + 1).toLowerCase();
    if (last) query.words.push(last);
  }
}

function readSetting(key: string, value: string, query: Query): void {
  if (key === 'target') query.target = value;
  else if (key === 'os' || key === 'operating_system') query.os = value;
  else if (key === 'platform') query.platform = value;
  else if (key === 'arch' || key === 'architecture') {
    const [platform, os, target] = value.split('-');
    if (platform) query.platform = platform;
    if (os) query.os = os;
    if (target) query.target = target;
  } else if (/^(true|false)$/i.test(value)) {
    query.variants.push({ name: key, token: `${/^true$/i.test(value) ? '+' : '~'}${key}` });
  } else {
    for (const item of value.split(',')) query.variants.push({ name: key, token: `${key}=${item}` });
  }
}
