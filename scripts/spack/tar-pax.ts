import { quote } from './refusal.ts';

/**
 * Keys that change nothing but names, owners and times. Left out on purpose: `size`, `GNU.sparse.*` and other
 * keys that move or reshape content, which readers treat differently.
 */
const KEYS = new Set([
  'path',
  'linkpath',
  'uid',
  'gid',
  'uname',
  'gname',
  'mtime',
  'atime',
  'ctime',
  'hdrcharset',
]);

/**
 * Checks the body of a PAX extended header, more strictly than any reader: records of exactly the length that
 * they say, known keys, each once, nothing empty. Names that are no UTF-8 pass: Spack packs them as they are.
 */
export function checkPax(body: Buffer): void {
  const seen = new Set<string>();
  for (let at = 0; at < body.length;) {
    const [head, digits, key] =
      /^([1-9]\d{0,5}) ([^=\0\n]+)=/.exec(body.toString('latin1', at, at + 128)) ?? [];
    if (head === undefined || key === undefined) {
      throw new Error(`expected PAX records "LENGTH KEY=VALUE", found ${quote(body.toString('utf8', at))}`);
    }
    const end = at + Number(digits);
    const value = body.subarray(at + head.length, end - 1);
    if (end > body.length || value.length === 0 || value.includes(0) || body[end - 1] !== 0x0a) {
      throw new Error(
        `expected a PAX record with a value of the length it says, found another at ${quote(key)}`,
      );
    }
    checkKey(key, value.toString('latin1'), seen);
    at = end;
  }
}

function checkKey(key: string, value: string, seen: Set<string>): void {
  if (!KEYS.has(key)) {
    throw new Error(`expected PAX keys ${[...KEYS].join(', ')}, found ${quote(key)}`);
  }
  if (seen.has(key)) throw new Error(`expected each PAX key once, found ${quote(key)} twice`);
  // Python writes it for names that are no UTF-8; every reader then takes their bytes as they are.
  if (key === 'hdrcharset' && value !== 'BINARY') {
    throw new Error(`expected the PAX character set BINARY, found ${quote(value)}`);
  }
  seen.add(key);
}
