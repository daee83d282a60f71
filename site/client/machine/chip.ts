import { recallMachine, rememberMachine } from './remembered.ts';

/** Shows the reader's machine in the header, and marks what runs on it on the page. */
export function offerMachineChip(): void {
  const chip = document.querySelector<HTMLElement>('#machine-chip');
  const forget = chip?.querySelector('button');
  if (!chip || !forget) return;
  forget.addEventListener('click', () => rememberMachine(undefined));
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
  markNeeds(machine);
}
