import '../zod-settings.ts';
import { formatCount, formatNumber, shortHash, formatDate, formatSize } from '../../lib/format.ts';
import type { BuildSummary } from '../../schemas/api/package-document.ts';
import { findNearest } from '../machine/nearest-build.ts';
import { makeBuildLink, makeElement, makeRow, makeTable, makeText } from '../element.ts';
import { SEARCH_FILES } from '../search/data.ts';
import { findParts, messageOf } from '../site.ts';
import { fetchBuild, fetchPackage } from '../spec-files.ts';
import type { PublishedBuild } from '../../schemas/api/spec-document.ts';
import { compareSpecs, type ComparedSpec } from './spec-differences.ts';

type Parts = NonNullable<ReturnType<typeof findPage>>;

function findPage() {
  return findParts({
    form: ['#compare-form', HTMLFormElement],
    name: ['#compare-form input[name=package]', HTMLInputElement],
    left: ['#compare-form select[name=a]', HTMLSelectElement],
    right: ['#compare-form select[name=b]', HTMLSelectElement],
    answer: ['#compare-answer', HTMLElement],
  });
}

/** Compares two builds of a package that the reader chooses. The choice is in the address. */
export function offerComparison(): void {
  const parts = findPage();
  if (!parts) return;
  const { form, name, left, right } = parts;
  form.addEventListener('submit', (event) => event.preventDefault());
  name.addEventListener('focus', () => void attempt(parts, () => suggestNames(parts)), { once: true });
  name.addEventListener('change', () => void attempt(parts, () => choosePackage(parts)));
  for (const select of [left, right])
    select.addEventListener('change', () => void attempt(parts, () => compare(parts)));
  form.addEventListener('change', () => hideEqual(parts));
  void attempt(parts, () => start(parts));
}

async function attempt({ answer }: Parts, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    answer.replaceChildren(makeElement('p', 'note', makeText(`That cannot be shown: ${messageOf(error)}.`)));
  }
}

async function start(parts: Parts): Promise<void> {
  const parameters = new URLSearchParams(location.search);
  const [left, right] = [parameters.get('a') ?? '', parameters.get('b') ?? ''];
  const hashOfOne = [left, right].find((hash) => /^[a-z2-7]{32}$/.test(hash));
  parts.name.value =
    parameters.get('package') ?? (hashOfOne ? (await fetchBuild(hashOfOne)).spec.node.name : '');
  if (parts.name.value) await choosePackage(parts, left, right);
}

async function suggestNames({ form }: Parts): Promise<void> {
  const { names, builds } = await SEARCH_FILES.packages();
  const options = names.filter((_, place) => (builds[place] ?? 0) > 1);
  form
    .querySelector('datalist')
    ?.replaceChildren(...options.map((name) => makeElement('option', { value: name })));
}

async function choosePackage(parts: Parts, left = '', right = ''): Promise<void> {
  const name = parts.name.value.trim();
  const { names, builds: counts } = await SEARCH_FILES.packages();
  const place = names.indexOf(name);
  if (place < 0 || !counts[place]) throw new Error(`there is no package “${name}” here`);
  const { builds } = await fetchPackage(name);
  const first = builds.find(({ hash }) => hash === left) ?? builds[0];
  const second = builds.find(({ hash }) => hash === right) ?? (await nearestOther(first, builds));
  fillChoices(parts.left, builds, first);
  fillChoices(parts.right, builds, second);
  if (!first || !second) throw new Error(`${name} has only one build, so there is nothing to compare`);
  await compare(parts);
}

/** The build with the fewest differences from another one, so that these are easy to see. */
async function nearestOther(
  first: BuildSummary | undefined,
  builds: readonly BuildSummary[],
): Promise<BuildSummary | undefined> {
  if (!first) return undefined;
  const { node } = (await fetchBuild(first.hash)).spec;
  const others = builds.filter((build) => build !== first);
  return findNearest(node, first.compilers, others);
}

function fillChoices(
  select: HTMLSelectElement,
  builds: readonly BuildSummary[],
  chosen: BuildSummary | undefined,
): void {
  const options = builds.map((build) => {
    const { version, target, os, compilers, hash } = build;
    const text = `@${version}, ${target}, ${os}, ${compilers.join(' ')} /${shortHash(hash)}`;
    return new Option(text, hash, false, build === chosen);
  });
  select.replaceChildren(...options);
  select.disabled = builds.length === 0;
}

async function compare(parts: Parts): Promise<void> {
  const { left, right, name, answer } = parts;
  const [first, second] = await Promise.all([fetchBuild(left.value), fetchBuild(right.value)]);
  const parameters = new URLSearchParams({ package: name.value.trim(), a: left.value, b: right.value });
  history.replaceState(null, '', `?${parameters.toString()}`);
  const lines = compareBuilds(
    { build: first.document.build, spec: first.spec },
    { build: second.document.build, spec: second.spec },
  );
  const differing = lines.filter((line) => line.left !== line.right).length;
  const verdict =
    left.value === right.value
      ? 'These are one and the same build.'
      : `${formatCount(differing)} of ${formatNumber(lines.length, 'property', 'properties')} differ.`;
  answer.replaceChildren(
    makeElement('p', 'verdict', verdict),
    showLines(
      lines,
      [first, second].map(({ spec }) => makeBuildLink(spec.node)),
    ),
  );
  hideEqual(parts);
}

function showLines(lines: readonly ComparisonLine[], headings: readonly Node[]): HTMLElement {
  const columns = ['What', ...headings];
  const groups = [...Map.groupBy(lines, ({ group }) => group)].map(([group, members]) => {
    const title = makeElement('th', { scope: 'rowgroup', colspan: String(columns.length) }, group);
    return makeElement('tbody', '', makeElement('tr', 'group', title), members.map(showLine));
  });
  return makeTable('Comparison', columns, groups, 'compare');
}

function showLine({ name, left, right }: ComparisonLine): HTMLElement {
  const row = makeRow(makeText(name), ...[left, right].map((text) => makeText(text || '–', 'mono')));
  row.className = left === right ? 'same' : 'differing';
  return row;
}

/** Shows all lines, or only those with differences. */
function hideEqual({ form, answer }: Parts): void {
  const only = form.querySelector<HTMLInputElement>('input[name=differing]')?.checked ?? false;
  for (const group of answer.querySelectorAll('tbody')) {
    for (const row of group.querySelectorAll<HTMLElement>('.same')) row.hidden = only;
    group.hidden = only && !group.querySelector('.differing');
  }
}

interface ComparedBuild {
  build: PublishedBuild;
  spec: ComparedSpec;
}

interface ComparisonLine {
  group: string;
  name: string;
  left: string;
  right: string;
}

/** Compares two builds in everything that may differ. Texts are equal if the builds agree. */
function compareBuilds(left: ComparedBuild, right: ComparedBuild): ComparisonLine[] {
  const specs = compareSpecs(left.spec, right.spec);
  const [a, b] = [left.build, right.build];
  const line = (
    group: string,
    name: string,
    describe: (build: PublishedBuild) => string,
  ): ComparisonLine => ({
    group,
    name,
    left: describe(a),
    right: describe(b),
  });
  return [
    ...specs,
    line('Size', 'download', ({ tarball }) => formatSize(tarball.size)),
    line('Size', 'installed', ({ tarball }) => formatSize(tarball.installedSize)),
    line('Size', 'files', ({ tarball }) => formatCount(tarball.files)),
    line('Needs', 'glibc', ({ contents }) => (contents.glibc ? `${contents.glibc} or newer` : '')),
    ...compareNames('Programs', a.contents.programs, b.contents.programs),
    ...compareNames('Libraries', a.contents.libraries, b.contents.libraries),
    line('Origin', 'published', ({ published }) => formatDate(published)),
    line('Origin', 'Spack', ({ origin }) => origin.spack ?? ''),
    line('Origin', 'recipes at commit', ({ origin }) => origin.packages?.slice(0, 10) ?? ''),
    line('Origin', 'runner', ({ origin }) => origin.runner ?? ''),
    line('Origin', 'container', ({ origin }) => origin.container ?? ''),
  ];
}

/** Compares names: one line for those that both builds have, and a line each for those of only one. */
function compareNames(group: string, left: readonly string[], right: readonly string[]): ComparisonLine[] {
  const both = left.filter((name) => right.includes(name));
  const onlyLeft = left.filter((name) => !right.includes(name));
  const onlyRight = right.filter((name) => !left.includes(name));
  const lines: ComparisonLine[] = [];
  if (both.length > 0) lines.push({ group, name: 'in both', left: both.join(', '), right: both.join(', ') });
  if (onlyLeft.length + onlyRight.length > 0)
    lines.push({ group, name: 'only here', left: onlyLeft.join(', '), right: onlyRight.join(', ') });
  return lines;
}
