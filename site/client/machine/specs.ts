import '../zod-settings.ts';
import { formatCount, formatNumber, formatSize, shortHash } from '../../lib/format.ts';
import { systemGlibc, type Machine } from '../../lib/machine/machine.ts';
import { fitText, judgeFit, type Fit } from '../../lib/machine/needs.ts';
import { listTouched } from '../../lib/catalog/coverage.ts';
import { installTogether } from '../../lib/commands/install-together.ts';
import { parsePaste, type PastedSpecs } from './paste.ts';
import { findNearest } from './nearest-build.ts';
import { compareSpecs, type ComparedSpec, type SpecProperty } from '../compare/spec-differences.ts';
import type { BuildSummary } from '../../schemas/api/package-document.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { targetOf, type Node } from '../../schemas/node.ts';
import { variantTokens } from '../../lib/spack/spec-text.ts';
import { makeCodeBlock } from '../copy.ts';
import {
  listChildren,
  makeBuildLink,
  makeElement,
  makeRow,
  makeTable,
  makeText,
  type Child,
} from '../element.ts';
import { SEARCH_FILES } from '../search/data.ts';
import { fetchBuild, fetchPackage } from '../spec-files.ts';

/** Download sizes of the builds here, in bytes, keyed by hash. */
type Sizes = ReadonlyMap<DagHash, number>;

/** Shows which of the pasted specs have a binary here, and for each root without one the nearest build. */
export async function checkSpecs(text: string, glibc: string, answer: HTMLElement): Promise<void> {
  const specs = parsePaste(text);
  const roots = [...new Set(specs.roots)].map((root) => {
    const node = specs.nodes.get(root);
    if (!node) throw new Error(`The root /${root} is not among the specs: this is not the whole file.`);
    return node;
  });
  const { names, sizes } = await readSizes();
  const hits = roots.filter(({ hash }) => sizes.has(hash));
  const misses = roots.filter(({ hash }) => !sizes.has(hash));
  const described = await Promise.all(
    misses.map(async (node) => {
      const builds = names.has(node.name) ? (await fetchPackage(node.name)).builds : [];
      return describeMiss(node, builds, specs, glibc);
    }),
  );
  described.sort((left, right) => left.order - right.order);
  const sections = misses.length > MOST_OPEN ? foldMisses(described) : described.map(makeSection);
  const verdict = `${formatNumber(hits.length, 'hit')} of ${formatNumber(roots.length, 'root')}.`;
  answer.replaceChildren(
    ...listChildren([
      makeElement('p', `verdict ${misses.length === 0 ? 'yes' : 'no'}`, verdict),
      describeAll(specs, sizes),
      hits.length > 0 && describeHits(hits, sizes),
      sections,
    ]),
  );
}

/**
 * Maximum number of misses shown open. If there are more, all are folded: a lock of an
 * environment has dozens.
 */
const MOST_OPEN = 3;
/** Order of packages without any build here: last. */
const UNKNOWN = 3;

/** A root that has no binary here. */
interface Miss {
  node: Node;
  verdict: string;
  /** Misses with a usable alternative come first. */
  order: number;
  parts: Child;
}

function makeSection({ node, parts }: Miss): HTMLElement {
  return makeElement('section', 'root miss', makeElement('h2', '', titleOf(node)), parts);
}

/** One line for each root with a similar build, and one for all others. */
function foldMisses(misses: readonly Miss[]): HTMLElement[] {
  const comparable = misses.filter(({ order }) => order < UNKNOWN);
  const unknown = misses.filter(({ order }) => order === UNKNOWN);
  const lines = comparable.map(({ node, verdict, parts }) => {
    const summary = makeElement('summary', '', titleOf(node), `: ${verdict}`);
    return makeElement('details', 'miss', summary, parts);
  });
  if (unknown.length === 0) return lines;
  const summary = makeElement('summary', '', `No build of ${formatNumber(unknown.length, 'package')}`);
  const names = unknown.map(({ node }) => makeElement('li', '', titleOf(node)));
  return [...lines, makeElement('details', 'miss', summary, makeElement('ul', 'missing', names))];
}

function titleOf({ name, version }: Node): HTMLElement {
  return makeText(`${name}@${version}`, 'mono');
}

async function readSizes(): Promise<{ names: Set<string>; sizes: Sizes }> {
  const [packages, { rows }] = await Promise.all([SEARCH_FILES.packages(), SEARCH_FILES.builds()]);
  const hashes = await SEARCH_FILES.allHashes(rows.package.length);
  const built = hashes.flatMap((hash, row): [DagHash, number][] =>
    rows.size[row] ? [[hash, rows.size[row]]] : [],
  );
  const names = packages.names.filter((_, place) => packages.builds[place]);
  return { names: new Set(names), sizes: new Map(built) };
}

/** Describes how many of the specs needed to install the roots are here, and lists the others. */
function describeAll({ roots, nodes }: PastedSpecs, sizes: Sizes): Child[] {
  const own = listTouched(roots, nodes, sizes, false).filter(({ external }) => external === undefined);
  if (own.length < 2) return [];
  const here = own.filter(({ hash }) => sizes.has(hash));
  const missing = own.filter(({ hash }) => !sizes.has(hash));
  const bytes = here.reduce((sum, { hash }) => sum + (sizes.get(hash) ?? 0), 0);
  const text = `${formatCount(here.length)} of ${formatNumber(own.length, 'spec')} needed to install have a binary here (${formatSize(bytes)} to download).`;
  const list = missing.map(({ name, version, hash }) =>
    makeElement('li', 'mono', makeText(`${name}@${version} /${shortHash(hash)}`)),
  );
  const summary = makeElement('summary', '', `${formatNumber(missing.length, 'spec')} to build from source`);
  return [
    makeElement('p', '', text),
    missing.length > 0 && makeElement('details', '', summary, makeElement('ul', 'missing', list)),
  ];
}

function describeHits(hits: readonly Node[], sizes: Sizes): HTMLElement {
  const items = hits.map((node) =>
    makeElement('li', '', makeBuildLink(node), ` ${formatSize(sizes.get(node.hash) ?? 0)}`),
  );
  const command = installTogether(hits.map(({ hash }) => hash));
  return makeElement(
    'section',
    'root hit',
    makeElement('h2', '', 'Here'),
    makeElement('ul', '', items),
    makeCodeBlock('Install only from binaries', [command]),
  );
}

async function describeMiss(
  node: Node,
  builds: readonly BuildSummary[],
  specs: PastedSpecs,
  glibc: string,
): Promise<Miss> {
  const wanted = describePasted(node, specs);
  const machine = machineOf(node, specs, glibc);
  const fits = new Map(builds.map((build) => [build.hash, judgeFit(machine, build)]));
  const usable = builds.filter(({ hash }) => ['yes', 'by hash'].includes(fits.get(hash)?.kind ?? ''));
  const nearest = findNearest(node, compilersOf(wanted), usable.length > 0 ? usable : builds);
  if (!nearest) {
    const verdict = 'no version of this package is in the cache';
    return { node, verdict, order: UNKNOWN, parts: [makeElement('p', '', `Miss: ${verdict}.`)] };
  }
  const { spec } = await fetchBuild(nearest.hash);
  const differences = compareSpecs(wanted, spec).filter(({ left, right }) => left !== right);
  const fit = fits.get(nearest.hash);
  const parts = [
    makeElement(
      'p',
      '',
      `Miss: /${shortHash(node.hash)} is not in the cache. Nearest of `,
      formatNumber(builds.length, 'build'),
      ': ',
      makeBuildLink(spec.node),
      '.',
    ),
    advise(node, nearest, fit, differences, spec),
    describeDifferences(node.name, differences),
  ];
  if (fit?.kind === 'yes') return { node, verdict: 'another build runs here', order: 0, parts };
  if (fit?.kind === 'by hash') return { node, verdict: 'another build runs here, by hash', order: 1, parts };
  return { node, verdict: 'no build of this package runs here', order: 2, parts };
}

/** Commands to install the nearest build, in one block to copy, or the reason why it does not run. */
function advise(
  wanted: Node,
  nearest: BuildSummary,
  fit: Fit | undefined,
  differences: readonly SpecProperty[],
  { node }: ComparedSpec,
): HTMLElement[] {
  const byHash = `spack install --use-buildcache only /${nearest.hash}`;
  if (fit?.kind === 'yes') {
    const variants = new Set(differences.filter(({ group }) => group === 'Variants').map(({ name }) => name));
    const tokens = variantTokens(node).filter((token) =>
      variants.has(/^[+~]?([\w-]+)/.exec(token)?.[1] ?? ''),
    );
    const target = nearest.target === targetOf(wanted) ? [] : [`target=${nearest.target}`];
    const spec = [`${node.name}@${node.version}`, ...tokens, ...target].join(' ');
    return [
      makeElement('p', '', 'It runs here. Request its version and variants, or install it by hash:'),
      makeCodeBlock('One of these', [`spack install ${spec}`, byHash]),
    ];
  }
  if (fit?.kind === 'by hash')
    return [
      makeElement('p', '', makeText(`It ${fitText(fit)}.`)),
      makeCodeBlock('Install it by hash', [byHash]),
    ];
  return [makeElement('p', '', 'It does not run here: ', makeText(fit ? fitText(fit) : ''), '.')];
}

/** Differences that the reader chose, and, folded, those that follow from them. */
function describeDifferences(name: string, differences: readonly SpecProperty[]): Child[] {
  const chosen = differences.filter(({ group }) => group === 'Spec' || group === 'Variants');
  const following = differences.filter((difference) => !chosen.includes(difference));
  const table = (label: string, lines: readonly SpecProperty[]): HTMLElement =>
    makeTable(
      label,
      ['Property', 'Yours', 'In the cache'],
      lines.map((line) =>
        makeRow(
          makeText(line.name),
          makeText(line.left || 'none', 'mono'),
          makeText(line.right || 'none', 'mono'),
        ),
      ),
    );
  const summary = makeElement(
    'summary',
    '',
    `${formatNumber(following.length, 'difference')} that follow${following.length === 1 ? 's' : ''} from it`,
  );
  return [
    chosen.length > 0 && table(`Your choices for ${name}`, chosen),
    following.length > 0 &&
      makeElement('details', '', summary, table(`Differences that follow for ${name}`, following)),
  ];
}

function describePasted(node: Node, { nodes }: PastedSpecs): ComparedSpec {
  const versions = node.dependencies.flatMap(({ hash }): [string, string][] => {
    const dependency = nodes.get(hash);
    return dependency ? [[hash, dependency.version]] : [];
  });
  return { node, versions: new Map(versions) };
}

function compilersOf(spec: ComparedSpec): string[] {
  const compiler = compareSpecs(spec, spec).find(({ name }) => name === 'compiler');
  return compiler?.left.split(', ') ?? [];
}

/** The machine that a node was concretized for. */
function machineOf(node: Node, { nodes }: PastedSpecs, glibc: string): Machine {
  const { platform, platform_os: os } = node.arch;
  const libc = [...nodes.values()].find(({ name }) => name === 'glibc');
  return { platform, os, target: targetOf(node), glibc: glibc || libc?.version || systemGlibc(os) };
}
