import { archOf, parseArch, systemGlibc } from '../../lib/machine/machine.ts';
import { summarizeMachine } from './fit-summary.ts';
import { openSearchFiles } from '../search/data.ts';
import { recallMachine, rememberMachine } from './remembered.ts';
import { showProblem, showSummary } from './summary.ts';

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
  const machine = parseArch(text);
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
