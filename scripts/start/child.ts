import { spawn, type ChildProcess } from 'node:child_process';

/** Exit codes of interrupted programs as shells report them: 128 plus the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** Time that an interrupted child gets to clean up. */
const GRACE_MS = 5_000;

const running = new Set<ChildProcess>();

/** Makes an interrupted start stop its children, wait for them, and exit. */
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
  /** Variables to add to those of this process. */
  env?: Record<string, string>;
  /** Receives each line of output, which is then shown only when the child fails (default: shown at once). */
  onLine?: (line: string) => void;
}

/** Runs a script of the project or of a package with the current Node; throws when it fails. */
export async function runNode(
  what: string,
  args: string[],
  { env, onLine }: ChildOptions = {},
): Promise<void> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    // Standard output is for data that another program reads; here a person reads both.
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
