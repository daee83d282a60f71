/**
 * JSON as text. A DAG hash is the hash of a text, so a node's keys, numbers and strings must stay as Spack
 * wrote them; `JSON.parse` would move integer-like keys to the front and rewrite numbers.
 * Nothing here checks JSON: every function first lets `JSON.parse` refuse what is not.
 */

/** Strings, punctuation, and everything else (numbers, true, false, null) up to the next of them. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

/** The compact text of each value of a JSON object, by key, in the order of the text. Refuses a repeated key. */
export function splitObject(text: string): Map<string, string> {
  const members = new Map<string, string>();
  for (const { key, value } of splitValue(text, '{')) {
    if (members.has(key)) throw new Error(`JSON has the key "${key}" twice in one object`);
    members.set(key, value);
  }
  return members;
}

/** The compact text of each element of a JSON array. */
export function splitArray(text: string): string[] {
  return splitValue(text, '[').map(({ value }) => value);
}

/**
 * The compact text of each node of a specfile: exactly Spack's own where Spack wrote it compact.
 * Throws when the text is not a specfile.
 */
export function splitNodes(specFileText: string): string[] {
  const spec = splitObject(specFileText).get('spec');
  const nodes = spec === undefined ? undefined : splitObject(spec).get('nodes');
  if (nodes === undefined) throw new Error('expected a specfile with "spec" and "nodes"');
  return splitArray(nodes);
}

/**
 * The text whose SHA-1 is the node's DAG hash: the node without its `hash`, compact, in ASCII.
 * Source: Spack's `Spec.spec_hash`, `json.dumps(node, ensure_ascii=True, separators=(",", ":"))`.
 * @param without what to leave out besides `hash`: keys of the node, and `parameters.NAME`
 */
export function dagHashText(node: string | NodeText, without: readonly string[] = []): string {
  const entry = typeof node === 'string' ? { text: node } : node;
  const nodeText = entry.text;
  // Most nodes are written just as Python would, and end with their hash; this is twenty times faster.
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

/** A hash as the last member of a node. */
const HASH_MEMBER = /^,"hash":"[a-z2-7]{32}"\}$/;
const HASH_MEMBER_LENGTH = ',"hash":"",'.length + 32;

/**
 * Whether a JSON text is exactly what both Python and JavaScript write for its value: compact, printable ASCII without
 * escapes. Such a text repeats no key.
 */
function isPlainJson(text: string, value: unknown = JSON.parse(text)): boolean {
  // Of 1e-7 Python makes 1e-07.
  const isSame = /^[\x20-\x5b\x5d-\x7e]*$/.test(text) && !/[:,[]-?\d[\d.]*e/.test(text);
  return isSame && JSON.stringify(value) === text;
}

/** A node's text, as an object that keeps what was found out about it. */
interface NodeText {
  readonly text: string;
}

/** Answers of `isPlainNode`: a node's hash and its readability both depend on it. */
const plainNodes = new WeakMap<NodeText, boolean>();

/** `isPlainJson` of a node's text, found out once. @param value what was parsed of it, if it was */
export function isPlainNode(node: NodeText, value?: unknown): boolean {
  let isPlain = plainNodes.get(node);
  if (isPlain === undefined) {
    isPlain = isPlainJson(node.text, value);
    plainNodes.set(node, isPlain);
  }
  return isPlain;
}

/** JSON with its strings as Python's `json.dumps` writes them; everything else stays. */
export function pythonJson(text: string): string {
  return text.replaceAll(TOKEN, (token) => (token.startsWith('"') ? pythonString(token) : token));
}

/** The compact text of an object, from its keys and the texts of their values. */
export function joinObject(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

/** Deeper JSON does not come from Spack, and some readers fail on it. */
const MAX_DEPTH = 100;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const COLON = 0x3a;
const COMMA = 0x2c;

/** A table of 200,000 builds has some dozen, a spec file of 5,000 nodes less than a half. */
const MAX_LISTS = 1_000_000;
/** A spec file of 5,000 nodes has a third of a million. Each takes some hundred bytes when no two are alike. */
const MAX_KEYS = 600_000;
/** A table of 200,000 builds has 2.6 million, most of them numbers. */
const MAX_VALUES = 3_000_000;
/** Keys among them. A spec file of 5,000 nodes has some 700,000. */
const MAX_TEXTS = 1_500_000;

/**
 * Throws when JSON is nested deeper than any data of Spack's: Python's reader ends at some thousand levels; and when it has
 * more lists, objects, keys, texts or values than any: each takes up to a hundred times the memory of its characters.
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

/** Whether an odd number of backslashes precedes a place. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/** Python refuses integers of more than 4,300 digits; JavaScript and Python agree on fewer still. */
const MAX_NUMBER_LENGTH = 100;

/**
 * Throws when any object inside the text repeats a key, since readers disagree on which of the two counts, when it is
 * nested deeper than any data of Spack's, or when it has a number that some readers refuse or write otherwise.
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

/** Whether Python writes a number back as it is here: -0 as 0, 1.50 as 1.5, 1E2 as 100.0, and 1e-7 with one digit more. */
function isPlainNumber(token: string): boolean {
  const number = Number(token);
  const isShort = number === 0 || (Math.abs(number) >= 1e-4 && Math.abs(number) < 1e16);
  return (
    isShort &&
    token !== '-0' &&
    (String(number) === token || `${Object.is(number, -0) ? '-0' : number}.0` === token)
  );
}

/** A JSON string as Python's `json.dumps` writes it: short escapes, and `\uXXXX` for all that is not ASCII. */
function pythonString(token: string): string {
  if (/^"[\x20\x21\x23-\x5b\x5d-\x7e]*"$/.test(token)) return token;
  return JSON.stringify(JSON.parse(token)).replaceAll(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Members of the outermost object or elements of the outermost array (whose keys are empty). */
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
