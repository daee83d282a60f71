import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Real GnuPG with a separate home for tests; the user's files are neither read nor written. */
export interface Gnupg {
  /** Runs gpg with a text on stdin and returns stdout; errors contain gpg's messages. */
  run(args: string[], input: string, more?: string[]): Promise<string>;
  /** Verifies a clear-signed file as Spack does and returns gpg's status lines; throws if it is not good. */
  verify(signed: string): Promise<string>;
  importKey(armored: string): Promise<void>;
  /** Makes a key that never expires and returns the arguments that sign with it. */
  newKey(algorithm: string, name: string, passphrase?: string, usage?: string): Promise<string[]>;
  /** Runs `--export-secret-keys` or its like and returns the armored text. */
  exportSecret(args: string[], passphrase: string): Promise<string>;
  /** Fingerprints of the primary key, then of each subkey. */
  fingerprintsOf(name: string): Promise<string[]>;
  /** Stops its agent and removes the home. */
  close(): Promise<void>;
}

export async function openGnupg(): Promise<Gnupg> {
  // The path is short: paths of gpg-agent's sockets are limited to about 100 characters.
  const home = await mkdtemp('/tmp/g-');
  const run: Gnupg['run'] = (args, input, more = []) => runGpg(home, [...more, ...args], input);
  return {
    run,
    verify: async (signed) => {
      const path = join(home, 'manifest.json.sig');
      await writeFile(path, signed);
      return run(['--status-fd', '1', '--verify', path], '');
    },
    importKey: async (armored) => {
      await run(['--import'], armored);
    },
    newKey: async (algorithm, name, passphrase = '', usage = 'sign') => {
      await run(['--passphrase', passphrase, '--quick-gen-key', name, algorithm, usage, 'never'], '');
      return ['--passphrase', passphrase, '-u', name];
    },
    exportSecret: (args, passphrase) => run(['--armor', '--passphrase', passphrase, ...args], ''),
    fingerprintsOf: async (name) => {
      const listing = await run(['--with-colons', '--fingerprint', '--fingerprint', '-k', name], '');
      return [...listing.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(([, fingerprint = '']) => fingerprint);
    },
    close: async () => {
      await promisify(execFile)('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: home } });
      await rm(home, { recursive: true, force: true });
    },
  };
}

function runGpg(home: string, args: string[], input: string): Promise<string> {
  const all = ['--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', ...args];
  return new Promise((resolve, reject) => {
    const child = execFile('gpg', all, (error, stdout, stderr) => {
      if (error) reject(new Error(`${stdout}${stderr}`, { cause: error }));
      else resolve(stdout);
    });
    // gpg may exit before it has read all input; its exit code then says why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
