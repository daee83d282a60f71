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
  /%(?:[a-z,]+=)?(?<compiler>[^\s%^+~=]+)|\^(?<dependency>\S+)|(?<![^\s])\/(?<hash>[a-z2-7]{1,32})(?!\S)|@(?<version>git\.[^\s%^+~@=]+=[^\s%^+~@/]+|[^\s%^+~@/]+)|(?<sign>[+~]|(?<!\S)-)(?<flag>[\w-]+)|(?<key>[\w-]+):?==?(?<value>"[^"]*"|'[^']*'|\S+)|(?<word>[^\s@%~^=+]+(?:\+\+[^\s@%~^=+]*)?)/g;

/** Reads a search: free words next to the parts of a spec, `hdf5@1.14 +mpi %gcc target=x86_64_v3`. */
export function parseQuery(text: string): Query {
  const query: Query = { words: [], variants: [], compilers: [], dependencies: [] };
  for (const { groups = {} } of text.matchAll(PART)) readPart(groups, query);
  readVersionWord(query);
  return query;
}

/** The parts of a search as they were typed, so that one of them can be left out: `@1.14`, `+mpi`, `target=zen3`. */
export function queryParts(text: string): { text: string; without: string }[] {
  return [...text.matchAll(PART)].map(({ 0: part, index }) => ({
    text: part.trim(),
    without: `${text.slice(0, index)} ${text.slice(index + part.length)}`.replaceAll(/\s+/g, ' ').trim(),
  }));
}

/** `hdf5 1.14` means hdf5@1.14; a word that begins with a digit and is the first is a name, `v1.14` is not. */
function readVersionWord(query: Query): void {
  const place = query.words.findIndex(
    (word, index) => (index > 0 || /^v\d/.test(word)) && /^v?\d+(\.[\w-]+)*$/.test(word),
  );
  const version = query.words[place]?.replace(/^v/, '');
  if (version === undefined || query.words.length < 2 || query.version !== undefined) return;
  query.version = version;
  query.words.splice(place, 1);
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
