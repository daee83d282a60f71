import { archOf, parseArch, type Machine } from '../../lib/machine/machine.ts';

/** Storage key of the reader's machine, which is only stored in this browser. */
const KEY = 'machine';

/** The machine that the reader entered before. Undefined: there is none, or storage is not allowed. */
export function recallMachine(): Machine | undefined {
  try {
    const [arch = '', glibc = ''] = (localStorage.getItem(KEY) ?? '').split(' ');
    const machine = parseArch(arch);
    return machine && { ...machine, glibc: /^\d+(\.\d+)+$/.test(glibc) ? glibc : machine.glibc };
  } catch {
    return undefined;
  }
}

/** Remembers or forgets a machine, and notifies other parts of the page through the event `machine`. */
export function rememberMachine(machine: Machine | undefined): void {
  try {
    if (machine) localStorage.setItem(KEY, [archOf(machine), machine.glibc].filter(Boolean).join(' '));
    else localStorage.removeItem(KEY);
  } catch {
    // Without storage, the answer is shown but not kept.
  }
  document.dispatchEvent(new CustomEvent('machine'));
}
