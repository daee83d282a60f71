/** Versions above every number, the lowest first. Source: Spack's `infinity_versions`. */
const INFINITY_VERSIONS = ['stable', 'nightly', 'trunk', 'head', 'master', 'main', 'develop'];

const PRERELEASES = new Map([
  ['alpha', 0],
  ['beta', 1],
  ['rc', 2],
  ['final', 3],
]);
const FINAL = 3;

/** A number, a word (below every number), or a place among the infinity versions (above every number). */
type Component = { kind: 'word'; word: string } | { kind: 'number' | 'infinity'; number: bigint };

interface ParsedVersion {
  release: Component[];
  /** Stage and, if it has one, its number: `rc2` is `[2, 2]`. */
  prerelease: bigint[];
}

/** Orders versions as Spack does, the lower one first. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [parseVersion(left), parseVersion(right)];
  return (
    compareLists(a.release, b.release, compareComponents) ||
    compareLists(a.prerelease, b.prerelease, compareNumbers) ||
    compareTexts(left, right)
  );
}

/** Orders texts by their code units, the same on every machine. */
export function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Source: Spack's `parse_string_components`; of a git version (`git.<ref>=<version>`) the part after `=`. */
function parseVersion(version: string): ParsedVersion {
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

/** As Python compares tuples: the first difference decides, then the length. */
function compareLists<Item>(left: Item[], right: Item[], compare: (a: Item, b: Item) => number): number {
  for (const [index, item] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compare(item, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
