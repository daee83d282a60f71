import { spawn, type ChildProcess } from 'node:child_process';

/** Exit code of a program that was interrupted, as shells report it: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** How long an interrupted child may take to tidy up. */
const GRACE_MS = 5_000;

const running = new Set<ChildProcess>();

/** From here on an interrupted start stops its children, waits for them, and ends. */
export function stopChildrenOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      const ended = [...running].map(
        (child) =>
          new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(0))),
      );
      for (const child of running) child.kill('SIGTERM');
      setTimeout(() => running.forEach((child) => child.kill('SIGKILL')), GRACE_MS).unref();
      void Promise.all(ended).then(() => process.exit(EXIT_CODES[signal]));
    });
  }
}

export interface ChildOptions {
  /** Variables besides those of this process. */
  env?: Record<string, string>;
  /** Gets each line of output, which is then shown only when the child fails; without it, output is shown as it comes. */
  onLine?: (line: string) => void;
}

/** Runs one of the project's own scripts, or a package's, with the Node that runs this; throws when it fails. */
export async function runNode(
  what: string,
  args: string[],
  { env, onLine }: ChildOptions = {},
): Promise<void> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    // Standard output is for data that a next program reads; here a person reads both.
    stdio: ['ignore', onLine ? 'pipe' : process.stderr, onLine ? 'pipe' : 'inherit'],
  });
  running.add(child);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output.push(text);
      if (onLine) for (const line of text.split('\n')) onLine(line);
    });
  }
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal ?? 1));
  }).finally(() => running.delete(child));
  if (code === 0) return;
  if (output.length > 0) console.error(output.join('').trimEnd());
  throw new Error(
    `${what} failed (${code}): the lines above say why; run npm start again to continue from here`,
  );
}
