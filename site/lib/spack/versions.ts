/** Versions above every number, the lowest first. Source: Spack's `infinity_versions`. */
const INFINITY_VERSIONS = ['stable', 'nightly', 'trunk', 'head', 'master', 'main', 'develop'];

const PRERELEASES = new Map([
  ['alpha', 0],
  ['beta', 1],
  ['rc', 2],
  ['final', 3],
]);
const FINAL = 3;

/**
 * A number, a word (lower than any number), or an index into the infinity versions (higher than any number).
 */
type Component = { kind: 'word'; word: string } | { kind: 'number' | 'infinity'; number: bigint };

/** A version in the form that Spack compares, without its separators. */
export interface ParsedVersion {
  release: Component[];
  /** Stage and, if it has one, its number: `rc2` is `[2, 2]`. */
  prerelease: bigint[];
}

/** Compares versions in Spack's order, the lower one first. */
export function compareVersions(left: string, right: string): number {
  return compareParsed(parseVersion(left), parseVersion(right)) || compareTexts(left, right);
}

/** Compares versions in Spack's order. 0: Spack considers them equal, such as `1.0` and `1-0`. */
export function compareParsed(left: ParsedVersion, right: ParsedVersion): number {
  return (
    compareLists(left.release, right.release, compareComponents) ||
    compareLists(left.prerelease, right.prerelease, compareNumbers)
  );
}

/**
 * The lowest version above all that begin with the given one: the upper bound of
 * `@1.2`. Source: `_next_version`.
 */
export function nextVersion({ release, prerelease }: ParsedVersion): ParsedVersion {
  const [stage = BigInt(FINAL), number] = prerelease;
  if (stage !== BigInt(FINAL))
    return { release, prerelease: [stage, number === undefined ? 0n : number + 1n] };
  const last = release.at(-1) ?? { kind: 'word', word: '' };
  return { release: [...release.slice(0, -1), nextComponent(last)], prerelease };
}

function nextComponent(component: Component): Component {
  if (component.kind !== 'word') return { ...component, number: component.number + 1n };
  let { word } = component;
  do word = nextWord(word);
  while (INFINITY_VERSIONS.includes(word));
  return { kind: 'word', word };
}

/** Source: Spack's `_next_str`. */
function nextWord(word: string): string {
  const last = word.at(-1) ?? 'z';
  if (last === 'z') return `${word}A`;
  return word.slice(0, -1) + (last === 'Z' ? 'a' : String.fromCharCode(last.charCodeAt(0) + 1));
}

/** Compares texts by code units, which gives the same order on every machine. */
export function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Source: Spack's `parse_string_components`. For a git version (`git.<ref>=<version>`),
 * it parses the part after `=`.
 */
export function parseVersion(version: string): ParsedVersion {
  const text = version.slice(version.indexOf('=', 1) + 1);
  const segments = text.match(/[0-9]+|[a-zA-Z]+/g) ?? [];
  const [last = '', secondLast = ''] = [segments.at(-1), segments.at(-2)];
  const [stage, numberedStage] = [PRERELEASES.get(last), PRERELEASES.get(secondLast)];
  if (segments.length >= 3 && numberedStage !== undefined && isNumber(last)) {
    return {
      release: toComponents(segments.slice(0, -2)),
      prerelease: [BigInt(numberedStage), BigInt(last)],
    };
  }
  if (segments.length >= 2 && stage !== undefined) {
    return { release: toComponents(segments.slice(0, -1)), prerelease: [BigInt(stage)] };
  }
  return { release: toComponents(segments), prerelease: [BigInt(FINAL)] };
}

function toComponents(segments: string[]): Component[] {
  return segments.map((segment): Component => {
    if (isNumber(segment)) return { kind: 'number', number: BigInt(segment) };
    const place = INFINITY_VERSIONS.indexOf(segment);
    return place < 0 ? { kind: 'word', word: segment } : { kind: 'infinity', number: BigInt(place) };
  });
}

function isNumber(segment: string): boolean {
  return /^[0-9]/.test(segment);
}

function compareComponents(left: Component, right: Component): number {
  if (left.kind === 'word' && right.kind === 'word') return compareTexts(left.word, right.word);
  if (left.kind === 'word') return -1;
  if (right.kind === 'word') return 1;
  if (left.kind !== right.kind) return left.kind === 'infinity' ? 1 : -1;
  return compareNumbers(left.number, right.number);
}

function compareNumbers(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Compares lists like Python's tuples: the first difference decides, then the length. */
function compareLists<Item>(left: Item[], right: Item[], compare: (a: Item, b: Item) => number): number {
  for (const [index, item] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compare(item, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
