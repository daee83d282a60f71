/**
 * JSON as text. A DAG hash is the hash of a text, so a node's keys, numbers and strings must stay as Spack
 * wrote them; `JSON.parse` would move integer-like keys to the front and rewrite numbers.
 * The code here does not check syntax: every function first calls `JSON.parse` to reject invalid JSON.
 */

/** Strings, punctuation, and everything else (numbers, true, false, null) up to the next of them. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

/**
 * Compact text of each value in a JSON object, keyed by its key, in the order of the
 * text. Rejects repeated keys.
 */
export function splitObject(text: string): Map<string, string> {
  const members = new Map<string, string>();
  for (const { key, value } of splitValue(text, '{')) {
    if (members.has(key)) throw new Error(`JSON has the key "${key}" twice in one object`);
    members.set(key, value);
  }
  return members;
}

/** Compact text of each element in a JSON array. */
export function splitArray(text: string): string[] {
  return splitValue(text, '[').map(({ value }) => value);
}

/**
 * Compact text of each node in a specfile: exactly Spack's own if Spack wrote it in compact form.
 * Throws if the text is not a specfile.
 */
export function splitNodes(specFileText: string): string[] {
  const spec = splitObject(specFileText).get('spec');
  const nodes = spec === undefined ? undefined : splitObject(spec).get('nodes');
  if (nodes === undefined) throw new Error('expected a specfile with "spec" and "nodes"');
  return splitArray(nodes);
}

/**
 * Text whose SHA-1 is the node's DAG hash: the node without its `hash`, compact, in ASCII.
 * Source: Spack's `Spec.spec_hash`, `json.dumps(node, ensure_ascii=True, separators=(",", ":"))`.
 * @param without other parts to leave out besides `hash`: keys of the node, and `parameters.NAME`
 */
export function dagHashText(node: string | NodeText, without: readonly string[] = []): string {
  const entry = typeof node === 'string' ? { text: node } : node;
  const nodeText = entry.text;
  // Most nodes are already in Python's form and end with their hash; this path is twenty times faster.
  const hashAt = nodeText.length - HASH_MEMBER_LENGTH;
  if (without.length === 0 && HASH_MEMBER.test(nodeText.slice(hashAt)) && isPlainNode(entry))
    return `${nodeText.slice(0, hashAt)}}`;
  const leftOut = new Set(['hash', ...without]);
  const members = new Map([...splitObject(nodeText)].filter(([key]) => !leftOut.has(key)));
  const parameters = members.get('parameters');
  if (parameters !== undefined && without.some((key) => key.startsWith('parameters.'))) {
    const kept = [...splitObject(parameters)].filter(([key]) => !leftOut.has(`parameters.${key}`));
    members.set('parameters', joinObject(kept));
  }
  return pythonJson(joinObject([...members]));
}

const HASH_MEMBER = /^,"hash":"[a-z2-7]{32}"\}$/;
const HASH_MEMBER_LENGTH = ',"hash":"",'.length + 32;

/**
 * Whether a JSON text is exactly what both Python and JavaScript write for its value: compact, printable ASCII without
 * escapes. Such a text has no repeated keys.
 */
function isPlainJson(text: string, value: unknown = JSON.parse(text)): boolean {
  // Python writes 1e-7 as 1e-07.
  const isSame = /^[\x20-\x5b\x5d-\x7e]*$/.test(text) && !/[:,[]-?\d[\d.]*e/.test(text);
  return isSame && JSON.stringify(value) === text;
}

/** A node's text in an object, under which results about it are cached. */
interface NodeText {
  readonly text: string;
}

/** Cached results of `isPlainNode`, which both a node's hash and its readability depend on. */
const plainNodes = new WeakMap<NodeText, boolean>();

/** `isPlainJson` of a node's text, computed once. @param value the parsed text, if it was parsed before */
export function isPlainNode(node: NodeText, value?: unknown): boolean {
  let isPlain = plainNodes.get(node);
  if (isPlain === undefined) {
    isPlain = isPlainJson(node.text, value);
    plainNodes.set(node, isPlain);
  }
  return isPlain;
}

/** Rewrites the strings in JSON like Python's `json.dumps`; everything else stays the same. */
export function pythonJson(text: string): string {
  return text.replaceAll(TOKEN, (token) => (token.startsWith('"') ? pythonString(token) : token));
}

/** Compact text of an object, from its keys and the texts of their values. */
export function joinObject(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

/** Maximum nesting. Spack never writes deeper JSON, and some readers fail on it. */
const MAX_DEPTH = 100;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * Maximum number of lists and objects. A table of 200,000 builds has about a dozen, a spec file of 5,000 nodes
 * fewer than half of this limit.
 */
const MAX_LISTS = 1_000_000;
/**
 * Maximum number of keys. A spec file of 5,000 nodes has a third of a million. Distinct
 * keys take about 100 bytes each.
 */
const MAX_KEYS = 600_000;
/** Maximum number of values. A table of 200,000 builds has 2.6 million, most of them numbers. */
const MAX_VALUES = 3_000_000;
/** Maximum number of strings, including keys. A spec file of 5,000 nodes has about 700,000. */
const MAX_TEXTS = 1_500_000;

/**
 * Throws if JSON is nested deeper than any data of Spack (Python's parser fails at a
 * few thousand levels), or has more lists, objects, keys, strings or values: each takes
 * up to a hundred times the memory of its characters.
 */
export function refuseDeepJson(text: string): void {
  let depth = 0;
  let lists = 0;
  let keys = 0;
  let values = 0;
  let texts = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      texts += 1;
      do at = text.indexOf('"', at + 1);
      while (at > 0 && isEscaped(text, at));
      if (at < 0) return;
    } else if (unit === OPENING_BRACE || unit === OPENING_BRACKET) {
      depth += 1;
      lists += 1;
    } else if (unit === CLOSING_BRACE || unit === CLOSING_BRACKET) depth -= 1;
    else if (unit === COLON) keys += 1;
    else if (unit === COMMA) values += 1;
    if (depth > MAX_DEPTH) throw new Error(`JSON is nested deeper than ${MAX_DEPTH} levels`);
    if (lists > MAX_LISTS) throw new Error(`JSON has more than ${MAX_LISTS} lists and objects`);
    if (keys > MAX_KEYS) throw new Error(`JSON has more than ${MAX_KEYS} keys`);
    if (texts > MAX_TEXTS) throw new Error(`JSON has more than ${MAX_TEXTS} texts`);
    if (values > MAX_VALUES) throw new Error(`JSON has more than ${MAX_VALUES} values`);
  }
}

/** Whether an odd number of backslashes precedes a position. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/**
 * Maximum length of a number. Python refuses integers with over 4,300 digits; it agrees
 * with JavaScript on shorter ones.
 */
const MAX_NUMBER_LENGTH = 100;

/**
 * Throws if any object in the text has a repeated key, because readers disagree on which one counts, if it is
 * nested deeper than any data of Spack, or if it has a number that some readers reject or write differently.
 */
export function refuseAmbiguousJson(text: string): void {
  refuseDeepJson(text);
  JSON.parse(text);
  const open: (Set<string> | undefined)[] = [];
  let previous = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key: unknown = JSON.parse(previous);
      const keys = open.at(-1);
      if (keys?.has(String(key))) throw new Error(`JSON has the key "${String(key)}" twice in one object`);
      keys?.add(String(key));
    } else if (token.length > MAX_NUMBER_LENGTH && !token.startsWith('"'))
      throw new Error(`JSON has a number of more than ${MAX_NUMBER_LENGTH} digits`);
    else if (/^-0$|^-?\d.*[.eE]/.test(token) && !isPlainNumber(token))
      throw new Error(`JSON has the number ${token}, which Python writes in another way`);
    if (open.length > MAX_DEPTH) throw new Error(`JSON is nested deeper than ${MAX_DEPTH} levels`);
    previous = token;
  }
}

/**
 * Whether Python writes a number back unchanged. It writes -0 as 0, 1.50 as 1.5, 1E2 as
 * 100.0, and 1e-7 as 1e-07.
 */
function isPlainNumber(token: string): boolean {
  const number = Number(token);
  const isShort = number === 0 || (Math.abs(number) >= 1e-4 && Math.abs(number) < 1e16);
  return (
    isShort &&
    token !== '-0' &&
    (String(number) === token || `${Object.is(number, -0) ? '-0' : number}.0` === token)
  );
}

/**
 * A JSON string in the form of Python's `json.dumps`: short escapes, and `\uXXXX` for
 * everything that is not ASCII.
 */
function pythonString(token: string): string {
  if (/^"[\x20\x21\x23-\x5b\x5d-\x7e]*"$/.test(token)) return token;
  return JSON.stringify(JSON.parse(token)).replaceAll(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Members of the outermost object, or elements of the outermost array (with empty keys). */
function splitValue(text: string, opening: '{' | '['): { key: string; value: string }[] {
  JSON.parse(text);
  const items: { key: string; value: string }[] = [];
  let depth = 0;
  let key = '';
  let tokens: string[] = [];
  const finish = () => {
    if (tokens.length > 0) items.push({ key, value: tokens.join('') });
    tokens = [];
  };
  for (const [token] of text.matchAll(TOKEN)) {
    const closes = token === '}' || token === ']';
    if (depth === 0 && token !== opening) throw new Error(`expected JSON that begins with ${opening}`);
    if (closes) depth -= 1;
    if (depth === 1 && token === ',') finish();
    else if (depth === 1 && token === ':' && opening === '{') {
      key = String(JSON.parse(tokens.join('')));
      tokens = [];
    } else if (depth > 0) tokens.push(token);
    if (token === '{' || token === '[') depth += 1;
  }
  finish();
  return items;
}
