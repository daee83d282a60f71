/**
 * The version that came `steps` releases before, in the same notation: the last number that can go down goes
 * down, and what follows it starts again at 9. `1.14.6` is preceded by `1.14.5`, `2.0` by `1.9`.
 * Returns the version itself when nothing can go down any further.
 */
export function earlierVersion(version: string, steps: number): string {
  let earlier = version;
  for (let step = 0; step < steps; step += 1) earlier = previousVersion(earlier);
  return earlier;
}

function previousVersion(version: string): string {
  const parts = version.split(/(\d+)/);
  // Texts lie at even places, numbers at odd ones; the first number never goes down to 0.
  for (let place = parts.length - 2; place > 0; place -= 2) {
    const digits = parts[place] ?? '';
    const lowest = place === 1 || isDate(version) ? 1 : 0;
    if (Number(digits) <= lowest) continue;
    const later = parts.map((part, index) => {
      if (index === place) return String(Number(digits) - 1).padStart(digits.length, '0');
      return index > place && index % 2 === 1 ? '9'.padStart(part.length, '0') : part;
    });
    return later.join('');
  }
  return version;
}

function isDate(version: string): boolean {
  return /(^|\D)\d{4}-\d{2}-\d{2}$/.test(version);
}
