/** Lets the home page ask what the page for it answers; what was entered goes with the fragment, which is never sent. */
export function offerMachineQuestion(): void {
  const form = document.querySelector<HTMLFormElement>('form.ask');
  const input = form?.querySelector('input');
  if (!form || !input) return;
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    location.assign(`${form.action}#${encodeURIComponent(input.value.trim())}`);
  });
}
