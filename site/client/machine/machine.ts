import { archOf, systemGlibc, systemName, type Machine } from '../../lib/machine/machine.ts';
import { readMachine } from '../../lib/machine/read-machine.ts';
import { summarizeMachine, type MachineSummary } from './fit-summary.ts';
import { SEARCH_FILES } from '../search/data.ts';
import { BASE, findParts, messageOf } from '../site.ts';
import { recallMachine, rememberMachine } from './remembered.ts';
import { formatCount, formatNumber } from '../../lib/format.ts';
import { isTarget } from '../../lib/spack/targets.ts';
import { viewName } from '../../lib/spack/view-name.ts';
import { listChildren, makeElement, makeLink, makeRow, makeTable, makeText, type Child } from '../element.ts';

/** Shows whether a machine can use the cache's binaries. Pasted text stays in the browser. */
export function offerMachineCheck(): void {
  const parts = findParts({
    form: ['#machine-form', HTMLFormElement],
    paste: ['#machine-form textarea', HTMLTextAreaElement],
    glibc: ['#machine-form input[name=glibc]', HTMLInputElement],
    file: ['#machine-form input[type=file]', HTMLInputElement],
    answer: ['#machine-answer', HTMLElement],
  });
  if (!parts) return;
  const { form, paste, glibc, file, answer } = parts;
  const run = (): void => {
    answer.setAttribute('aria-busy', 'true');
    void check(paste.value, glibc.value.trim(), answer)
      .catch((error: unknown) =>
        answer.replaceChildren(makeElement('p', 'verdict no', makeText(messageOf(error)))),
      )
      .finally(() => answer.removeAttribute('aria-busy'));
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  // The spack.lock of a large environment is awkward to paste.
  file.addEventListener('change', () => {
    void file.files?.[0]?.text().then((text) => {
      paste.value = text;
      run();
    });
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

async function check(text: string, glibc: string, answer: HTMLElement): Promise<void> {
  if (text.trim() === '') throw new Error('Paste something first.');
  if (glibc !== '' && !/^\d+(\.\d+)+$/.test(glibc))
    throw new Error(
      `“${glibc}” is not a glibc version: expected something like 2.34, as “ldd --version” prints it.`,
    );
  const machine = readMachine(text);
  if (machine) {
    if (glibc) machine.glibc = glibc;
    rememberMachine(machine);
    const [packages, builds] = await Promise.all([SEARCH_FILES.packages(), SEARCH_FILES.builds()]);
    showSummary(answer, machine, summarizeMachine(machine, packages, builds));
    return;
  }
  const { checkSpecs } = await import('./specs.ts');
  await checkSpecs(text, glibc, answer);
}

/** Shows how many builds a machine can use, and why it cannot use the others. */
function showSummary(answer: HTMLElement, machine: Machine, summary: MachineSummary): void {
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
    ...listChildren([
      verdict,
      listThem(machine, summary),
      explain(machine, summary),
      makeTable('Builds by target', ['Target', 'Builds', 'Run here', 'Chosen by Spack'], rows),
      adviseView(summary),
    ]),
  );
}

/** Next steps: a link to the usable builds, and a search among them. */
function listThem(machine: Machine, { kinds }: MachineSummary): Child {
  const usable = kinds.yes + kinds['by hash'];
  if (usable === 0)
    return kinds.unknown > 0 && makeElement('p', '', 'With its glibc, all pages mark what runs there.');
  const list = makeLink(
    `${BASE}/search/?runs=here`,
    `List the ${formatNumber(usable, 'build')} that ${usable === 1 ? 'runs' : 'run'} on it`,
  );
  return makeElement(
    'div',
    '',
    searchThem(),
    makeElement(
      'p',
      '',
      list,
      '. All pages now mark what runs on ',
      makeText(archOf(machine), 'mono'),
      '. It is stored only in this browser.',
    ),
  );
}

function searchThem(): HTMLElement {
  const query = { type: 'search', name: 'q', placeholder: 'hdf5 +mpi', autocomplete: 'off' };
  return makeElement(
    'form',
    { class: 'ask', action: `${BASE}/search/` },
    makeElement('input', { ...query, 'aria-label': 'Search the builds that run on it' }),
    makeElement('input', { type: 'hidden', name: 'runs', value: 'here' }),
    makeElement('button', { type: 'submit' }, 'Search these'),
  );
}

function explain(machine: Machine, { kinds, reasons }: MachineSummary): Child[] {
  const counts = [
    kinds.unknown > 0 && `for ${formatCount(kinds.unknown)} it is not known`,
    kinds.no > 0 && `${formatCount(kinds.no)} ${kinds.no === 1 ? 'does' : 'do'} not run`,
  ].filter((text) => text !== false);
  const lines = reasons.map(({ text, builds }) =>
    makeElement('li', '', `${formatCount(builds)}: `, makeText(text)),
  );
  const notes: string[] = [];
  if (!isTarget(machine.target))
    notes.push(
      `The target ${machine.target} is not in archspec’s list of CPUs: only builds for exactly this target are counted.`,
    );
  if (machine.platform === 'linux' && !machine.glibc && kinds.yes + kinds['by hash'] > 0)
    notes.push(
      `The glibc of ${systemName(machine.os)} is not known here. Enter it above; “ldd --version” prints it.`,
    );
  if (machine.glibc) notes.push(`Assuming glibc ${machine.glibc}.`);
  return [
    counts.length > 0 &&
      makeElement(
        'p',
        '',
        `${kinds.yes + kinds['by hash'] > 0 ? 'Of the others, ' : ''}${counts.join(', ')}. Why, each build counted once:`,
      ),
    makeElement('ul', 'reasons', lines),
    notes.map((note) => makeElement('p', 'note', makeText(note))),
  ];
}

/**
 * Suggests the view of the nearest target with builds. It is optional: Spack can also
 * choose from the whole cache.
 */
function adviseView({ targets }: MachineSummary): Child {
  const nearest = targets.find(({ chosen }) => chosen > 0);
  return (
    nearest &&
    makeElement(
      'p',
      'note',
      'Spack picks what fits by itself. For a smaller index, use the view ',
      makeElement('code', '', viewName('target', nearest.name)),
      ' (Spack 1.2): ',
      makeLink(`${BASE}/use/`, 'how'),
      '.',
    )
  );
}
