import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * Whether this checkout is the template itself. In a copy the settings, the README and the catalog are the
 * owner's, and tests of the template's own are skipped. `COPY=true`, set by ci.yml, marks a copy. Otherwise a
 * copy is recognized by an active setting, a README with another title, or a catalog with an owner.
 */
export const isTemplate =
  process.env['COPY'] !== 'true' &&
  !/^[^#\s]/m.test(read('.github/build-cache.yaml')) &&
  read('README.md').startsWith('# spack-build-cache\n') &&
  !existsSync(join(ROOT, 'site/content/cache.json'));

function read(path: string): string {
  return existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '';
}

/**
 * Copies the files of this checkout that git tracks or would add. @param wanted returns false to skip a path
 */
export function copyProject(to: string, wanted: (path: string) => boolean = () => true): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of listed.split('\0').filter((path) => path !== '' && wanted(path)))
    if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(to, file), { recursive: true });
}
