import '../zod-settings.ts';
import { formatNumber, shortHash } from '../../lib/format.ts';
import { findObstacles, systemGlibc } from './fit.ts';
import type { Machine } from './fit.ts';
import { parsePaste } from './paste.ts';
import type { PastedSpecs } from './paste.ts';
import { viewName } from '../../lib/spack/view-name.ts';
import { findNearest } from './nearest-build.ts';
import { compareSpecs } from '../compare/spec-differences.ts';
import type { ComparedSpec } from '../compare/spec-differences.ts';
import type { BuildSummary } from '../../schemas/api/package-document.ts';
import type { DagHash } from '../../schemas/digest.ts';
import type { Node } from '../../schemas/node.ts';
import { runtimeDependencies, targetOf } from '../../schemas/node.ts';
import { makeElement, makeLink, makeRow, makeTable, makeText } from '../element.ts';
import { openSearchFiles } from '../search/data.ts';
import { fetchBuild, fetchPackage } from '../spec-files.ts';

/** Says for each root of what was pasted whether its binary is here, or what differs from the nearest one. */
export async function checkSpecs(
  text: string,
  glibc: string,
  base: string,
  answer: HTMLElement,
): Promise<void> {
  const specs = parsePaste(text);
  const { names, builds } = await openSearchFiles(base).packages();
  const cached = new Set(names.filter((_, place) => builds[place]));
  const sections: HTMLElement[] = [];
  let hits = 0;
  for (const root of new Set(specs.roots)) {
    const node = specs.nodes.get(root);
    if (!node) throw new Error(`The root /${root} is not among the specs: this is not the whole file.`);
    const known = cached.has(node.name) ? (await fetchPackage(base, node.name)).builds : [];
    const hit = known.find(({ hash }) => hash === root);
    if (hit) hits += 1;
    sections.push(
      hit
        ? await describeHit(node, hit, specs, cached, base)
        : await describeMiss(node, known, specs, glibc, base),
    );
  }
  const verdict = `${formatNumber(hits, 'hit')} of ${formatNumber(sections.length, 'root')}.`;
  answer.replaceChildren(makeElement('p', `verdict ${hits > 0 ? 'yes' : 'no'}`, verdict), ...sections);
}

async function describeHit(
  node: Node,
  build: BuildSummary,
  specs: PastedSpecs,
  cached: ReadonlySet<string>,
  base: string,
): Promise<HTMLElement> {
  const missing = await findMissing(node, specs, cached, base);
  const where = build.state === 'site' ? 'on this site' : 'in the registry only';
  const lines = [
    makeElement('p', '', 'Hit: the binary is ', where, ', ', linkTo(base, node, build.hash), '.'),
  ];
  if (missing.length > 0) {
    const names = missing.map((each) => `${each.name}@${each.version}`).join(', ');
    lines.push(makeElement('p', 'note', 'Needed at run time and not cached: ', makeText(names), '.'));
  }
  lines.push(makeElement('p', 'note', 'Views that have it: ', ...viewsOf(build), '.'));
  return makeSection(node, 'hit', lines);
}

async function describeMiss(
  node: Node,
  builds: readonly BuildSummary[],
  specs: PastedSpecs,
  glibc: string,
  base: string,
): Promise<HTMLElement> {
  const wanted = describePasted(node, specs);
  const compilers =
    compareSpecs(wanted, wanted)
      .find(({ name }) => name === 'compiler')
      ?.left.split(', ') ?? [];
  const nearest = findNearest(node, compilers, builds);
  if (!nearest) {
    const text = 'Miss: no version of this package is in the cache.';
    return makeSection(node, 'miss', [makeElement('p', '', text)]);
  }
  const { spec, graph } = await fetchBuild(base, nearest.hash);
  const obstacles = findObstacles(machineOf(node, specs, glibc), {
    platform: nearest.platform,
    os: nearest.os,
    target: nearest.target,
    libc: libcOf(spec),
  });
  const differences = compareSpecs(wanted, spec).filter(({ left, right }) => left !== right);
  const usable =
    obstacles.length === 0
      ? 'It would run on this machine: without “--fresh” Spack may choose it when the request leaves open what differs.'
      : `It would not run on this machine: it ${obstacles.map((obstacle) => obstacle.text).join(', and ')}.`;
  const rows = differences.map(({ name, left, right }) =>
    makeRow(makeText(name), makeText(left || 'none', 'mono'), makeText(right || 'none', 'mono')),
  );
  return makeSection(node, 'miss', [
    makeElement(
      'p',
      '',
      `Miss: /${shortHash(node.hash)} is not in the cache. Nearest of `,
      formatNumber(builds.length, 'build'),
      ': ',
      linkTo(base, spec.node, nearest.hash),
      graph ? '' : ' (without dependencies)',
      '.',
    ),
    makeTable(`What differs for ${node.name}`, ['What differs', 'Yours', 'In the cache'], rows),
    makeElement('p', 'note', makeText(usable)),
    makeElement('p', 'note', 'Views that have it: ', ...viewsOf(nearest), '.'),
  ]);
}

/** Nodes of the run-time closure that Spack would have to build, as far as this can be told. */
async function findMissing(
  root: Node,
  specs: PastedSpecs,
  cached: ReadonlySet<string>,
  base: string,
): Promise<Node[]> {
  const missing: Node[] = [];
  for (const node of runtimeClosure(root, specs)) {
    if (node.external) continue;
    const known = cached.has(node.name) ? (await fetchPackage(base, node.name)).builds : [];
    if (!known.some(({ hash }) => hash === node.hash)) missing.push(node);
  }
  return missing;
}

function runtimeClosure(root: Node, { nodes }: PastedSpecs): Node[] {
  const found = new Map<DagHash, Node>([[root.hash, root]]);
  for (const node of found.values()) {
    for (const { hash } of runtimeDependencies(node)) {
      const dependency = nodes.get(hash);
      if (dependency) found.set(hash, dependency);
    }
  }
  found.delete(root.hash);
  return [...found.values()];
}

function describePasted(node: Node, { nodes }: PastedSpecs): ComparedSpec {
  const versions = node.dependencies.flatMap(({ hash }): [string, string][] => {
    const dependency = nodes.get(hash);
    return dependency ? [[hash, dependency.version]] : [];
  });
  return { node, versions: new Map(versions) };
}

/** The machine that something was concretized for. */
function machineOf(node: Node, specs: PastedSpecs, glibc: string): Machine {
  const { platform, platform_os: os } = node.arch;
  const libc = libcOf(describePasted(node, specs))?.split('@');
  const known = libc?.[0] === 'glibc' ? libc[1] : undefined;
  return { platform, os, target: targetOf(node), glibc: glibc || known || systemGlibc(os) };
}

function libcOf({ node, versions }: ComparedSpec): string | undefined {
  const edge = node.dependencies.find(({ parameters }) => parameters.virtuals.includes('libc'));
  const version = edge && versions.get(edge.hash);
  return version && `${edge.name}@${version}`;
}

function viewsOf({ target, os }: BuildSummary): (HTMLElement | string)[] {
  const [first, second] = [viewName('target', target), viewName('os', os)];
  return [makeElement('code', '', first), ', ', makeElement('code', '', second)];
}

function linkTo(base: string, { name, version }: Pick<Node, 'name' | 'version'>, hash: string): HTMLElement {
  const link = makeLink(
    `${base}/builds/${encodeURIComponent(name)}/${hash}/`,
    `${name}@${version} /${shortHash(hash)}`,
  );
  link.classList.add('mono');
  return link;
}

function makeSection({ name, version }: Node, kind: 'hit' | 'miss', children: HTMLElement[]): HTMLElement {
  const title = makeElement('h2', 'mono', makeText(`${name}@${version}`));
  return makeElement('section', `root ${kind}`, title, ...children);
}
