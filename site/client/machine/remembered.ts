import { archOf, parseArch, type Machine } from '../../lib/machine/machine.ts';

/** Where the reader's machine is kept: in this browser alone. */
const KEY = 'machine';

/** The machine that the reader entered before; undefined where there is none, or storage is not allowed. */
export function recallMachine(): Machine | undefined {
  try {
    const [arch = '', glibc = ''] = (localStorage.getItem(KEY) ?? '').split(' ');
    const machine = parseArch(arch);
    return machine && { ...machine, glibc: /^\d+(\.\d+)+$/.test(glibc) ? glibc : machine.glibc };
  } catch {
    return undefined;
  }
}

/** Remembers a machine, or forgets it. Other parts of the page hear of it by the event `machine`. */
export function rememberMachine(machine: Machine | undefined): void {
  try {
    if (machine) localStorage.setItem(KEY, [archOf(machine), machine.glibc].filter(Boolean).join(' '));
    else localStorage.removeItem(KEY);
  } catch {
    // Without storage the answer is shown once and not kept.
  }
  document.dispatchEvent(new CustomEvent('machine'));
}
