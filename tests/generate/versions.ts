/**
 * Returns the version `steps` releases earlier, in the same notation: decreases the last number that can be
 * decreased, and sets the numbers after it to 9. `1.14.5` precedes `1.14.6`, `1.9` precedes `2.0`. Returns
 * the version itself when nothing can be decreased.
 */
export function earlierVersion(version: string, steps: number): string {
  let earlier = version;
  for (let step = 0; step < steps; step += 1) earlier = previousVersion(earlier);
  return earlier;
}

function previousVersion(version: string): string {
  const parts = version.split(/(\d+)/);
  // Texts are at even positions, numbers at odd ones; the first number never becomes 0.
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
