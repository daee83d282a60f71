import { isUtf8 } from 'node:buffer';
import { Composer, CST, isScalar, Lexer, Parser, visit, type Document } from 'yaml';
import { quote } from './quote.ts';

/** Spack's lists have four lexemes per path, so this is enough for 150,000 paths. */
const LEXEMES_LIMIT = 600_000;
/** Spack's own flow collections are two deep. */
const FLOW_DEPTH_LIMIT = 16;
const FLOW_STARTS = new Set<unknown>(['flow-map-start', 'flow-seq-start']);
const FLOW_ENDS = new Set<unknown>(['flow-map-end', 'flow-seq-end']);
/** YAML syntax other than collections and scalars, each named as in the error. */
const REFUSED: Partial<Record<CST.TokenType, string>> = {
  'byte-order-mark': 'a byte order mark',
  'directive-line': 'a directive',
  'doc-start': 'the start of a document',
  'doc-end': 'the end of a document',
  'explicit-key-ind': 'a key that is marked with "?"',
  'block-scalar-header': 'a block of text',
  'flow-error-end': 'an unfinished list',
  alias: 'an alias',
  anchor: 'an anchor',
  comment: 'a comment',
  tag: 'a tag',
};

/**
 * Parses the subset of YAML that all readers read alike: collections and scalars, without anchors, aliases,
 * tags, merge keys, repeated keys, or characters that end a line for some readers only. The work is linear in
 * the text's length, whatever it contains. Errors say what was found; the caller adds where.
 */
export function parsePlainYaml(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw notPlain('bytes that are not valid UTF-8');
  const text = bytes.toString();
  const unsafe = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.exec(text)?.[0];
  if (unsafe !== undefined) throw notPlain(`the character ${quote(unsafe)}`);
  const document = compose(text);
  visit(document, {
    Map: (_, { items }) => checkKeys(items.map(({ key }) => key)),
  });
  return document.toJS({ maxAliasCount: 0 });
}

function compose(text: string): Document.Parsed {
  // The library compares every key of a map with all earlier ones; `checkKeys` looks each up once.
  const composer = new Composer({ strict: true, uniqueKeys: false });
  const [document, another] = composer.compose(parse(text), true, text.length);
  if (!document || another) throw notPlain(document ? 'several documents' : 'none');
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw notPlain(quote(problem.message.split('\n')[0] ?? ''));
  return document;
}

/** Checks the text's lexemes before the parser sees them, since the parser's output is far larger. */
function* parse(text: string): Generator<CST.Token> {
  const parser = new Parser();
  let lexemes = 0;
  let depth = 0;
  let isPlainText = false;
  let isAfterComma = false;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > LEXEMES_LIMIT) throw notPlain(`more than ${LEXEMES_LIMIT} names and signs`);
    // The lexer first yields "scalar", then the scalar itself, which may be any text.
    const type: CST.TokenType | null = isPlainText ? null : CST.tokenType(lexeme);
    isPlainText = type === 'scalar';
    const refused = type === null ? undefined : REFUSED[type];
    if (refused !== undefined) throw notPlain(refused);
    if (FLOW_STARTS.has(type)) depth += 1;
    if (FLOW_ENDS.has(type)) depth -= 1;
    // The parser would continue and keep an error for each.
    if (depth < 0) throw notPlain('the end of a list without its beginning');
    if (type === 'comma' && isAfterComma) throw notPlain('two commas in a row');
    if (type !== 'space' && type !== 'newline') isAfterComma = type === 'comma';
    if (depth > FLOW_DEPTH_LIMIT) throw notPlain(`more than ${FLOW_DEPTH_LIMIT} lists in one another`);
    yield* parser.next(lexeme);
  }
  yield* parser.end();
}

function checkKeys(keys: unknown[]): void {
  const seen = new Set<string>();
  for (const key of keys) {
    const name = isScalar(key) ? String(key.value) : '<<';
    if (name === '<<') throw notPlain('a merge key');
    if (seen.has(name)) throw notPlain(`the key ${quote(name)} twice`);
    seen.add(name);
  }
}

function notPlain(found: string): Error {
  return new Error(`expected plain YAML in .spack/binary_distribution, found ${found}`);
}
