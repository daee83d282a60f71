/** Storage key of the choice of columns in the reader's browser. */
const KEY = 'package-columns';

/** Lets readers choose the columns of a table. Their browser keeps the choice. */
export function offerColumns(): void {
  const menu = document.querySelector<HTMLElement>('#package-columns');
  const table = document.querySelector<HTMLElement>('#packages')?.closest('table');
  if (!menu || !table) return;
  const boxes = [...menu.querySelectorAll<HTMLInputElement>('input')];
  const kept = readChoice();
  for (const box of boxes) box.checked = kept ? kept.includes(box.value) : isShown(table, box.value);
  if (kept) apply(table, boxes);
  menu.hidden = false;
  menu.addEventListener('change', () => {
    apply(table, boxes);
    keepChoice(boxes.filter(({ checked }) => checked).map(({ value }) => value));
  });
}

function isShown(table: HTMLElement, column: string): boolean {
  // The description has no head: it is below the name.
  const cell = table.querySelector(column === 'description' ? 'tbody div' : `[data-column=${column}]`);
  return cell !== null && getComputedStyle(cell).display !== 'none';
}

function apply(table: HTMLElement, boxes: readonly HTMLInputElement[]): void {
  table.classList.add('chosen');
  for (const { value, checked } of boxes) table.classList.toggle(`without-${value}`, !checked);
}

function readChoice(): string[] | undefined {
  try {
    return localStorage.getItem(KEY)?.split(' ');
  } catch {
    // Browsers may refuse storage.
    return undefined;
  }
}

function keepChoice(columns: string[]): void {
  try {
    localStorage.setItem(KEY, columns.join(' '));
  } catch {
    // Then the choice is only for this page.
  }
}
