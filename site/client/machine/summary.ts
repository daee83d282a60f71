import { formatCount, formatNumber } from '../../lib/format.ts';
import type { Machine } from './fit.ts';
import type { MachineSummary } from './fit-summary.ts';
import { isTarget } from '../../lib/spack/targets.ts';
import { viewName } from '../../lib/spack/view-name.ts';
import { makeElement, makeLink, makeRow, makeTable, makeText } from '../element.ts';

/** Says how many builds a machine can use, and what keeps it from the others. */
export function showSummary(
  answer: HTMLElement,
  machine: Machine,
  summary: MachineSummary,
  base: string,
): void {
  const { target, os } = machine;
  const fits = summary.fitting > 0;
  const verdict = makeElement(
    'p',
    fits ? 'verdict yes' : 'verdict no',
    `${formatCount(summary.fitting)} of ${formatNumber(summary.builds, 'build')} fit `,
    makeText(target, 'mono'),
    ' on ',
    makeText(os, 'mono'),
    '.',
  );
  const rows = summary.targets.map(({ name, builds, fitting }) =>
    makeRow(
      makeLink(`${base}/search/?target=${encodeURIComponent(name)}`, name),
      formatCount(builds),
      fitting > 0 ? formatCount(fitting) : 'none',
    ),
  );
  answer.replaceChildren(
    verdict,
    ...explain(machine, summary),
    makeTable('Builds by target', ['Target', 'Builds', 'Fit'], rows),
    ...adviseView(summary, base),
  );
}

function explain(machine: Machine, summary: MachineSummary): HTMLElement[] {
  const lines = summary.obstacles.map(({ text, builds }) =>
    makeElement('li', '', `${formatNumber(builds, 'build')}: each `, makeText(text)),
  );
  const notes: string[] = [];
  if (!isTarget(machine.target))
    notes.push(
      `The target ${machine.target} is not in archspec’s table: only builds for it by name are counted.`,
    );
  if (machine.platform === 'linux' && !machine.glibc)
    notes.push(
      `Which glibc ${machine.os} has is not known here: enter it above (ldd --version), since newer ones do not fit.`,
    );
  if (machine.glibc) notes.push(`Reckoned with glibc ${machine.glibc}.`);
  return [
    makeElement('ul', 'reasons', ...lines),
    ...notes.map((note) => makeElement('p', 'note', makeText(note))),
  ];
}

/** The view of the nearest target with builds; Spack takes from a whole cache what fits, so a view is a choice. */
function adviseView({ targets }: MachineSummary, base: string): HTMLElement[] {
  const nearest = targets.find(({ fitting }) => fitting > 0);
  if (!nearest) return [];
  return [
    makeElement(
      'p',
      'note',
      'Spack itself takes what fits. For a smaller index, use the view ',
      makeElement('code', '', viewName('target', nearest.name)),
      ' (Spack 1.2): ',
      makeLink(`${base}/use/`, 'how'),
      '.',
    ),
  ];
}

/** Says what went wrong. */
export function showProblem(answer: HTMLElement, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  answer.replaceChildren(makeElement('p', 'verdict no', makeText(text)));
}
