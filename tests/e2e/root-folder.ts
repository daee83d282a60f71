import { copyFile, mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { runProgram } from '../world/run.ts';
import { findProgram } from '../tools/path.ts';

/** Copies a program with its C library and loader into a minimal root folder. */
export async function copyProgram(root: string, program: string, target = program): Promise<void> {
  const listed = await expectRun('ldd', [program]);
  const libraries = [...listed.matchAll(/\/\S+/g)].map(([path]) => path);
  for (const [from, to] of [[program, target], ...libraries.map((path) => [path, path])]) {
    const place = join(root, to ?? '');
    await mkdir(dirname(place), { recursive: true });
    await copyFile(await realpath(from ?? ''), place);
  }
}

/** Runs a program of an image by its name, through the PATH in the image's config. */
export async function runInside(root: string, name: string, args: string[], env: string[]): Promise<string> {
  const variables = Object.fromEntries(env.map((each) => each.split(/=(.*)/s).slice(0, 2)));
  const chroot = findProgram('chroot') ?? '/usr/sbin/chroot';
  const command = process.getuid?.() === 0 ? [chroot] : ['unshare', '--map-root-user', chroot];
  const [program = '', ...rest] = [...command, root, name, ...args];
  const { code, output } = await runProgram(findProgram(program) ?? program, rest, variables);
  expect(code, output).toBe(0);
  return output;
}

/** Runs a program that must succeed; returns its standard output. */
export async function expectRun(program: string, args: string[]): Promise<string> {
  const { code, output, stdout } = await runProgram(findProgram(program) ?? program, args, process.env);
  expect(code, `${program} ${args.join(' ')}:\n${output}`).toBe(0);
  return stdout;
}
