import type { BuildNeeds } from './needs.ts';

/** What a build needs, as short as an attribute of a page should be: `linux debian12 x86_64_v3 glibc@2.36 2.34`. */
export function writeNeeds({ platform, os, target, libc, runs }: BuildNeeds): string {
  return [platform, os, target, libc, runs].filter(Boolean).join(' ');
}

/** Reads what `writeNeeds` wrote. */
export function readNeeds(text: string): BuildNeeds {
  const [platform = '', os = '', target = '', libc, runs] = text.split(' ');
  return { platform, os, target, libc, runs };
}
