import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import type { KeyPair } from '../../scripts/signing/key.ts';

/** A package that the schedule must not build. */
const EXCLUDED = 'trial-none';

/** Creates the repository of an owner with a key and no build yet. @returns the bare repository's folder */
export function makeOrigin(folder: string, { fingerprint, publicKey }: KeyPair): string {
  const first = join(folder, 'first');
  mkdirSync(join(first, 'site/content/keys'), { recursive: true });
  writeFileSync(join(first, `site/content/keys/${fingerprint}.asc`), publicKey);
  mkdirSync(join(first, '.github'));
  writeFileSync(join(first, 'site/content/.gitkeep'), '');
  writeFileSync(
    join(first, '.gitignore'),
    '/dist\n/plans\n/recipes\n/docker\n/subjects\n/artifacts\n/.run-*\n/.work\n',
  );
  writeFileSync(
    join(first, '.github/build-cache.yaml'),
    `targets:\n  - { name: x86_64_v3, runner: ubuntu-24.04 }\nexclude: [${EXCLUDED}]\nretention: { newest: 0, days: 30 }\n`,
  );
  execFileSync('git', ['init', '-q', '-b', 'main', first]);
  execFileSync('git', ['-C', first, 'add', '-A']);
  const who = ['-c', 'user.name=T', '-c', 'user.email=t@t.example'];
  execFileSync('git', ['-C', first, ...who, 'commit', '-qm', 'first']);
  const origin = join(folder, 'origin.git');
  execFileSync('git', ['clone', '-q', '--bare', first, origin]);
  return origin;
}

/** Git tree id of all files on the branch. */
export function treeOf(origin: string): string {
  return execFileSync('git', ['-C', origin, 'rev-parse', 'main^{tree}'], { encoding: 'utf8' }).trim();
}

/** Packs a folder as an artifact. */
export async function zipOf(directory: string): Promise<Buffer> {
  const zip = new ZipFile();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile())
      zip.addFile(file, relative(directory, file), { mtime: new Date('2026-01-01T00:00:00Z') });
  }
  zip.end();
  return buffer(zip.outputStream);
}
