import { makeButton, makeElement } from '../element.ts';
import { BASE } from '../site.ts';
import { recallMachine, rememberMachine } from './remembered.ts';

/** Shows the reader's machine in the header, and marks the builds on the page that run on it. */
export function offerMachineChip(): void {
  const header = document.querySelector<HTMLElement>('body > header');
  const link = makeElement('a', { href: `${BASE}/machine/`, 'aria-label': 'My machine' });
  const forget = makeButton({ 'aria-label': 'Forget my machine' }, '×', () => rememberMachine(undefined));
  const chip = makeElement('span', 'machine-chip', link, forget);
  chip.hidden = true;
  header?.querySelector('nav')?.after(chip);
  document.addEventListener('machine', () => void show(chip));
  void show(chip);
}

async function show(chip: HTMLElement): Promise<void> {
  const machine = recallMachine();
  chip.hidden = machine === undefined;
  const link = chip.querySelector('a');
  if (link && machine) link.textContent = `${machine.os} · ${machine.target}`;
  if (!document.querySelector('[data-needs]')) return;
  const { markNeeds } = await import('./marks.ts');
  // Read it again: the reader may have removed the machine in the meantime.
  markNeeds(recallMachine());
}
