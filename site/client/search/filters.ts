/** Opens and closes the filters where the screen is too narrow to show them beside the results. */
export function offerFilters(): void {
  const button = document.querySelector('#facets-button');
  button?.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
  });
}
