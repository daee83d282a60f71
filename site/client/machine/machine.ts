import { archOf, systemGlibc, systemName, type Machine } from '../../lib/machine/machine.ts';
import { readMachine } from '../../lib/machine/read-machine.ts';
import { summarizeMachine, type MachineSummary } from './fit-summary.ts';
import { openSearchFiles } from '../search/data.ts';
import { recallMachine, rememberMachine } from './remembered.ts';
import { formatCount, formatNumber } from '../../lib/format.ts';
import { isTarget } from '../../lib/spack/targets.ts';
import { viewName } from '../../lib/spack/view-name.ts';
import { makeElement, makeLink, makeRow, makeTable, makeText } from '../element.ts';

/** Answers whether a machine would use the cache's binaries. What is pasted stays in the browser. */
export function offerMachineCheck(): void {
  const form = document.querySelector<HTMLFormElement>('#machine-form');
  const paste = form?.querySelector('textarea');
  const glibc = form?.querySelector<HTMLInputElement>('input[name=glibc]');
  const answer = document.querySelector<HTMLElement>('#machine-answer');
  if (!form || !paste || !glibc || !answer) return;
  const base = form.dataset['base'] ?? '';
  const run = (): void => {
    answer.setAttribute('aria-busy', 'true');
    void check(paste.value, glibc.value.trim(), base, answer)
      .catch((error: unknown) => showProblem(answer, error))
      .finally(() => answer.removeAttribute('aria-busy'));
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  if (location.hash.length > 1 && !paste.value) {
    paste.value = decodeURIComponent(location.hash.slice(1));
    run();
    return;
  }
  const machine = recallMachine();
  if (!machine || paste.value) return;
  paste.value = archOf(machine);
  if (machine.glibc !== systemGlibc(machine.os)) glibc.value = machine.glibc ?? '';
  run();
}

async function check(text: string, glibc: string, base: string, answer: HTMLElement): Promise<void> {
  if (text.trim() === '') throw new Error('Paste something first.');
  if (glibc !== '' && !/^\d+(\.\d+)+$/.test(glibc))
    throw new Error(
      `“${glibc}” is not a glibc version: expected something like 2.34, as “ldd --version” prints it.`,
    );
  const machine = readMachine(text);
  if (machine) {
    if (glibc) machine.glibc = glibc;
    rememberMachine(machine);
    const files = openSearchFiles(base);
    const [packages, builds] = await Promise.all([files.packages(), files.builds()]);
    showSummary(answer, machine, summarizeMachine(machine, packages, builds), base);
    return;
  }
  const { checkSpecs } = await import('./specs.ts');
  await checkSpecs(text, glibc, base, answer);
}

/** Shows how many builds a machine uses, and what keeps it from the others. */
function showSummary(answer: HTMLElement, machine: Machine, summary: MachineSummary, base: string): void {
  const byHash = summary.kinds['by hash'];
  const running = summary.kinds.yes + byHash;
  const { unknown } = summary.kinds;
  const isOpen = running === 0 && unknown > 0;
  const verdict = makeElement(
    'p',
    isOpen ? 'verdict' : running > 0 ? 'verdict yes' : 'verdict no',
    `${formatCount(isOpen ? unknown : running)} of ${formatNumber(summary.builds, 'build')} ${isOpen ? 'may run' : running === 1 ? 'runs' : 'run'} on `,
    makeText(machine.target, 'mono'),
    ', ',
    makeText(systemName(machine.os)),
    isOpen
      ? ': its glibc decides. Enter it above; “ldd --version” prints it.'
      : byHash === 0
        ? '.'
        : `: Spack chooses ${formatCount(summary.kinds.yes)} by itself, ${formatCount(byHash)} only by hash.`,
  );
  const rows = summary.targets.map(({ name, builds, running, chosen }) =>
    makeRow(
      makeText(name),
      formatCount(builds),
      running > 0 ? formatCount(running) : 'none',
      chosen > 0 ? formatCount(chosen) : 'none',
    ),
  );
  answer.replaceChildren(
    verdict,
    listThem(machine, summary, base),
    ...explain(machine, summary),
    makeTable('Builds by target', ['Target', 'Builds', 'Run here', 'Chosen by Spack'], rows),
    ...adviseView(summary, base),
  );
}

/** The way on: the builds themselves, and a search among them. */
function listThem(machine: Machine, { kinds }: MachineSummary, base: string): HTMLElement {
  const usable = kinds.yes + kinds['by hash'];
  if (usable === 0)
    return makeElement(
      'p',
      '',
      kinds.unknown > 0 ? 'With its glibc, all pages mark what runs there.' : 'Nothing here runs on it.',
    );
  const list = makeLink(
    `${base}/search/?runs=here`,
    `List the ${formatNumber(usable, 'build')} that run on it`,
  );
  return makeElement(
    'div',
    '',
    searchThem(base),
    makeElement(
      'p',
      '',
      list,
      '. All pages now mark what runs on ',
      makeText(archOf(machine), 'mono'),
      '. It is remembered in this browser and sent nowhere.',
    ),
  );
}

function searchThem(base: string): HTMLElement {
  const query = makeElement('input', '');
  Object.assign(query, { type: 'search', name: 'q', placeholder: 'hdf5 +mpi', autocomplete: 'off' });
  query.setAttribute('aria-label', 'Search the builds that run on it');
  const runs = makeElement('input', '');
  Object.assign(runs, { type: 'hidden', name: 'runs', value: 'here' });
  const button = makeElement('button', '', 'Search these');
  button.type = 'submit';
  const form = makeElement('form', 'ask', query, runs, button);
  form.action = `${base}/search/`;
  return form;
}

function explain(machine: Machine, { kinds, reasons }: MachineSummary): HTMLElement[] {
  const counts = [
    kinds.unknown > 0 && `${formatCount(kinds.unknown)} not known`,
    kinds.no > 0 && `${formatCount(kinds.no)} do not run`,
  ].filter((text) => text !== false);
  const lines = reasons.map(({ text, builds }) =>
    makeElement('li', '', `${formatCount(builds)}: `, makeText(text)),
  );
  const notes: string[] = [];
  if (!isTarget(machine.target))
    notes.push(
      `The target ${machine.target} is not in archspec’s list of CPUs: only builds for it by name are counted.`,
    );
  if (machine.platform === 'linux' && !machine.glibc && kinds.yes + kinds['by hash'] > 0)
    notes.push(
      `The glibc of ${systemName(machine.os)} is not known here. Enter it above; “ldd --version” prints it.`,
    );
  if (machine.glibc) notes.push(`Assuming glibc ${machine.glibc}.`);
  return [
    ...(counts.length > 0
      ? [makeElement('p', '', `Of the others, ${counts.join(', ')}. Why, each build counted once:`)]
      : []),
    makeElement('ul', 'reasons', ...lines),
    ...notes.map((note) => makeElement('p', 'note', makeText(note))),
  ];
}

/** The view of the nearest target with builds; Spack takes from a whole cache what fits, so a view is a choice. */
function adviseView({ targets }: MachineSummary, base: string): HTMLElement[] {
  const nearest = targets.find(({ chosen }) => chosen > 0);
  if (!nearest) return [];
  return [
    makeElement(
      'p',
      'note',
      'Spack picks what fits by itself. For a smaller index, use the view ',
      makeElement('code', '', viewName('target', nearest.name)),
      ' (Spack 1.2): ',
      makeLink(`${base}/use/`, 'how'),
      '.',
    ),
  ];
}

/** Says what went wrong. */
function showProblem(answer: HTMLElement, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  answer.replaceChildren(makeElement('p', 'verdict no', makeText(text)));
}
