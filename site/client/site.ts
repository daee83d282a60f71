/** Base path of the site, without a slash at the end. */
export const BASE = import.meta.env.BASE_URL.replace(/\/$/, '');

/** Address of a package's page. */
export function packagePage(name: string): string {
  return `${BASE}/packages/${encodeURIComponent(name)}/`;
}

/** Address of a build's page. */
export function buildPage({ name, hash }: { name: string; hash: string }): string {
  return `${BASE}/builds/${encodeURIComponent(name)}/${hash}/`;
}

type Wanted = Record<string, readonly [selector: string, kind: new () => HTMLElement]>;

/** Finds the parts of a page that a script needs. Undefined: one of them is missing. */
export function findParts<Parts extends Wanted>(
  wanted: Parts,
): { [Name in keyof Parts]: InstanceType<Parts[Name][1]> } | undefined {
  const parts: Record<string, HTMLElement> = {};
  for (const [name, [selector, kind]] of Object.entries(wanted)) {
    const part = document.querySelector(selector);
    if (!(part instanceof kind)) return undefined;
    parts[name] = part;
  }
  return parts as { [Name in keyof Parts]: InstanceType<Parts[Name][1]> };
}

/** The message of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
