import { archOf } from '../../lib/machine/machine.ts';
import { readMachine } from '../../lib/machine/read-machine.ts';
import { recallMachine, rememberMachine } from './remembered.ts';

/**
 * Passes the machine from the form on the home page to the page "My machine", in the
 * fragment, which is never sent. If a package was entered too, it remembers the machine
 * and searches, so that results show what runs on it.
 */
export function offerMachineQuestion(): void {
  const form = document.querySelector<HTMLFormElement>('form.ask');
  const [arch, spec] = form?.querySelectorAll('input') ?? [];
  if (!form || !arch || !spec) return;
  form.hidden = false;
  const remembered = recallMachine();
  if (remembered) arch.value = archOf(remembered);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const machine = readMachine(arch.value);
    const wanted = spec.value.trim();
    if (machine && wanted) {
      const same = remembered && archOf(remembered) === archOf(machine);
      rememberMachine(same ? remembered : machine);
      location.assign(`${spec.dataset['search']}?q=${encodeURIComponent(wanted)}`);
    } else location.assign(`${form.action}#${encodeURIComponent(arch.value.trim())}`);
  });
}
