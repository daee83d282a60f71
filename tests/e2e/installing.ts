import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SpackHome } from '../world/spack.ts';
import { runProgram } from '../world/run.ts';
import { PROGRAMS, type FixtureBuild } from './fixture-builds.ts';

/** Runs a command of Spack that must succeed; the failure contains its output. */
export async function spack(
  home: SpackHome,
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { code, output } = await home.run(args, env);
  expect(code, `spack ${args.join(' ')}:\n${output}`).toBe(0);
  return output;
}

/** Adds a mirror of binaries like the site's first command. */
export async function addMirror(home: SpackHome, name: string, url: string, signed: boolean): Promise<void> {
  await spack(home, ['mirror', 'add', '--type', 'binary', ...(signed ? [] : ['--unsigned']), name, url]);
}

/** Sorted output of `buildcache list`: hash, spec, target and compiler of each build. */
export async function listBuilds(home: SpackHome, env: Record<string, string> = {}): Promise<string[]> {
  const { code, stdout, output } = await home.run(['buildcache', 'list', '-a', '-L', '-v'], env);
  expect(code, output).toBe(0);
  let section = '';
  const rows: string[] = [];
  for (const line of stdout.split('\n')) {
    if (line.startsWith('-- ')) section = line.replace(/-+$/, '').trim();
    else if (/^[a-z2-7]{32} /.test(line)) rows.push(`${section} ${line.trim()}`);
  }
  return rows.sort();
}

/** Installs builds by hash, only from the cache, several at a time even if they share names. */
export function installBuilds(
  home: SpackHome,
  builds: FixtureBuild[],
  env: Record<string, string> = {},
): Promise<string> {
  const hashes = builds.map(({ hash }) => `/${hash}`);
  return spack(
    home,
    ['-c', 'concretizer:unify:false', 'install', '--use-buildcache', 'only', ...hashes],
    env,
  );
}

/** Checks that each build is in the prefix that Spack reports, and that its program runs. */
export async function expectInstalled(home: SpackHome, builds: FixtureBuild[]): Promise<void> {
  const { stdout } = await home.run(['find', '--format', '{hash} {prefix}']);
  const rows = stdout.split('\n').filter((line) => line.includes(' '));
  const prefixes = new Map(rows.map((line) => [line.slice(0, 32), line.slice(33).trim()]));
  for (const { hash, name, version } of builds) {
    const prefix = prefixes.get(hash);
    expect(prefix, `${name}@${version}/${hash} is installed`).toBeDefined();
    if (prefix === undefined) continue;
    expect(prefix.startsWith(home.store), prefix).toBe(true);
    expect(existsSync(join(prefix, '.spack'))).toBe(true);
    await expectRuns(name, prefix);
  }
}

async function expectRuns(name: string, prefix: string): Promise<void> {
  const program = PROGRAMS[name];
  if (!program) return;
  const [path = '', ...args] = program.command;
  const { code, output } = await runProgram(join(prefix, path), args, {});
  expect(output).toMatch(program.prints);
  expect(code, output).toBe(0);
}
