import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

/**
 * Every package that npm may install, on any platform, is pinned by its sha512. npm sometimes leaves out
 * entries of other platforms; those added by hand must follow the same rule.
 */

const ROOT = resolve(import.meta.dirname, '..');
const Entry = z.object({
  version: z.string(),
  integrity: z.string().optional(),
  resolved: z.string().optional(),
  link: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const Lock = z.object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), Entry) });
type Entries = [path: string, entry: z.infer<typeof Entry>][];

test('each package of package-lock.json has its sha512 and comes from npm’s registry', () => {
  const entries = readEntries();
  expect(entries.length).toBeGreaterThan(300);
  expect(findUnpinned(entries)).toEqual([]);
});

test('finds an entry without integrity, with a weaker one or from another host', () => {
  const good = `sha512-${'A'.repeat(86)}==`;
  const entry = { version: '1.0.0' };
  expect(
    findUnpinned([
      [
        'node_modules/good',
        { ...entry, integrity: good, resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' },
      ],
      ['node_modules/none', entry],
      ['node_modules/weak', { ...entry, integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }],
      [
        'node_modules/host',
        { ...entry, integrity: good, resolved: 'https://registry.npmjs.org.evil.example/a.tgz' },
      ],
      ['node_modules/git', { ...entry, integrity: good, resolved: 'git+ssh://git@github.com/a/a.git#1' }],
      ['node_modules/link', { ...entry, integrity: good, link: true }],
    ]).map((line) => line.split(':')[0]),
  ).toEqual([...['none', 'weak', 'host', 'git', 'link'].map((name) => `node_modules/${name}`)]);
});

test('a package for several platforms has entries for GitHub’s runners and for laptops', () => {
  const entries = readEntries();
  const installed = new Set(entries.map(([path]) => path.replace(/^.*node_modules\//, '')));
  // Packages for WebAssembly, Android and so on may be missing: nobody installs them.
  const platform = /[-/](linux-(x64|arm64)(-gnu)?|darwin-(x64|arm64))$/;
  const missing = entries
    .flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}))
    .filter((name) => platform.test(name) && !installed.has(name));
  expect(missing).toEqual([]);
});

function readEntries(): Entries {
  const { packages } = Lock.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));
  return Object.entries(packages).filter(([path]) => path !== '');
}

/**
 * Lists entries for which npm could install something else. Without `resolved` npm uses the registry's own
 * address.
 */
function findUnpinned(entries: Entries): string[] {
  return entries
    .filter(
      ([, { integrity = '', resolved = 'https://registry.npmjs.org/', link }]) =>
        link === true ||
        !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity) ||
        !resolved.startsWith('https://registry.npmjs.org/'),
    )
    .map(
      ([path, { integrity, resolved }]) =>
        `${path}: ${resolved ?? 'no address'}, ${integrity ?? 'no integrity'}`,
    );
}
