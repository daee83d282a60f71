import { existsSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hash } from 'node:crypto';
import fastGlob from 'fast-glob';
import { portFile, type SiteAddress, type WorkFolder } from './work-folder.ts';
import { ignoreMissing, replaceFile } from '../cli/files.ts';
import { Build } from '../../site/schemas/build.ts';
import { readCatalogFiles } from '../catalog/catalog.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { spawn, type ChildProcess } from 'node:child_process';

/** Inputs of the site other than the catalog: sources of site and mirror, and the pages' tools. */
const SOURCES = ['site', 'public', 'scripts', 'astro.config.mjs', 'package-lock.json'];
/** Interval between two reports of a long build, in milliseconds. */
const REPORT_INTERVAL_MS = 5_000;

/**
 * Builds site, API and mirror into the address's folder. Uses a new folder that replaces the old one at the
 * end, so that the served site is always complete.
 */
export async function buildSite(folder: WorkFolder, address: SiteAddress, budget: number): Promise<void> {
  const stampFile = `${address.dist}.stamp`;
  const stampOf = (): Promise<string> =>
    fingerprint([...SOURCES, folder.catalog], [address.url, String(budget)]);
  if (existsSync(join(address.dist, 'index.html')) && (await readStamp(stampFile)) === (await stampOf())) {
    console.error('The site is up to date.');
    return;
  }
  const fresh = `${address.dist}.new`;
  await rm(fresh, { recursive: true, force: true });
  const env = {
    SITE_URL: address.url,
    CATALOG_DIR: folder.catalog,
    REGISTRY: `oci-layout:${folder.registry}`,
    PAGES_BUDGET: String(budget),
    ASTRO_TELEMETRY_DISABLED: '1',
  };
  await runNode('recording settings', ['scripts/record-settings.ts'], { env });
  const stamp = await stampOf();
  await renderPages(fresh, env);
  console.error('Adding the mirror …');
  await runNode('the mirror', ['scripts/mirror.ts', '--dist', fresh], { env });
  // The key is empty if nothing was signed yet.
  const signingKey = await readFile(folder.key, 'utf8').catch(() => '');
  const key = { SIGNING_KEY: signingKey, SIGNING_KEY_PASSPHRASE: '' };
  await runNode('signing the index', ['scripts/sign-index.ts', '--dist', fresh], { env: key });
  await rm(stampFile, { force: true });
  await replaceFolder(address.dist, fresh);
  replaceFile(stampFile, stamp);
  replaceFile(portFile(folder), `${address.port}\n`);
}

async function renderPages(outDir: string, env: Record<string, string>): Promise<void> {
  const started = Date.now();
  let pages = 0;
  console.error('Building the site …');
  const report = (): void => {
    console.error(`  ${pages} pages and files after ${Math.round((Date.now() - started) / 1000)} s`);
  };
  const ticker = setInterval(report, REPORT_INTERVAL_MS);
  await runNode('building the site', ['node_modules/astro/bin/astro.mjs', 'build', '--outDir', outDir], {
    env,
    // Astro prints each rendered route on its own line, drawn as a tree.
    onLine: (line) => void (pages += /[├└]─/.test(line) ? 1 : 0),
  }).finally(() => clearInterval(ticker));
  report();
}

async function replaceFolder(path: string, fresh: string): Promise<void> {
  const old = `${path}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(path, old).catch(ignoreMissing);
  await rename(fresh, path);
  await rm(old, { recursive: true, force: true });
}

/**
 * Publishes a build cache to the folder's registry and catalog, signed with the folder's own key.
 * @param complete adds more data to the catalog after the builds
 */
export async function publishCache(
  folder: WorkFolder,
  cache: string,
  complete?: (catalog: string) => void,
): Promise<void> {
  const stampFile = join(folder.root, 'published.stamp');
  const stamp = await fingerprint([cache], [cache]);
  if ((await readStamp(stampFile)) === stamp && isComplete(folder)) {
    console.error(`Already published, and unchanged since: ${cache}`);
    return;
  }
  const catalog = ['--catalog', folder.catalog];
  if (!existsSync(folder.key)) {
    // Its output is advice for a permanent key.
    const out = ['--out', folder.key, '--name', 'Local build cache'];
    await runNode('making a key', ['scripts/key.ts', ...catalog, ...out], { onLine: () => undefined });
    console.error(`Made a signing key: ${folder.key}`);
  }
  const env = { SIGNING_KEY: await readFile(folder.key, 'utf8'), SIGNING_KEY_PASSPHRASE: '' };
  console.error(`Publishing ${cache} …`);
  const registry = ['--registry', `oci-layout:${folder.registry}`];
  await runNode('publishing', ['scripts/publish.ts', cache, ...registry, ...catalog], { env });
  if (!existsSync(join(folder.catalog, 'manifests'))) return;
  await runNode('signing', ['scripts/sign.ts', ...catalog], { env });
  complete?.(folder.catalog);
  replaceFile(stampFile, stamp);
}

function isComplete(folder: WorkFolder): boolean {
  const needed = [folder.key, join(folder.catalog, 'builds'), join(folder.registry, 'index.json')];
  return needed.every((path) => existsSync(path));
}

/** A build to show in a command; undefined in an empty catalog. */
type Example = Pick<Build, 'name' | 'version' | 'hash'> & { program: string };

/** Chooses the smallest build that has a program, so that it can be tried quickly. */
export function readExample(catalog: string): Example | undefined {
  const builds = readCatalogFiles(catalog, 'builds', Build).values();
  const [smallest] = [...builds]
    .filter(({ contents }) => contents.programs.length > 0)
    .sort((a, b) => a.tarball.size - b.tarball.size || compareTexts(a.hash, b.hash));
  const program = smallest?.contents.programs[0];
  return smallest && program !== undefined ? { ...smallest, program } : undefined;
}

/** Final output of `npm start`. The mirror has the same name as in the site's own commands: its base path. */
export function describeNextSteps(url: string, example: Example | undefined, serving: boolean): string {
  const name = url.split('/').at(-1) ?? '';
  const lines = [
    `Open    ${url}/`,
    '',
    'Use it with Spack 1.0 or newer, in another terminal:',
    `  spack mirror add --type binary ${name} ${url}`,
    '  spack buildcache keys --install --trust',
    '  spack buildcache list -a',
  ];
  if (example) {
    const { name: label, version, hash, program } = example;
    lines.push(
      `  spack install --use-buildcache only /${hash}`,
      `  $(spack location -i /${hash})/bin/${program} --version`,
      '',
      `That was ${label} ${version}. When done: spack mirror remove ${name}`,
    );
  }
  lines.push(
    '',
    serving ? 'Serving until Ctrl-C.' : 'Everything is built; run it without --no-serve to serve it.',
  );
  return `\n${lines.join('\n')}`;
}

/**
 * Hashes names, sizes and modification times of files, to show whether any file in these paths changed.
 * @param settings other inputs that the result depends on
 */
async function fingerprint(paths: string[], settings: string[] = []): Promise<string> {
  const patterns = await Promise.all(paths.map(patternOf));
  const entries = await fastGlob(patterns, { stats: true, dot: true, followSymbolicLinks: false });
  const lines = entries
    .map(({ path, stats }) => `${path} ${stats?.size ?? ''} ${stats?.mtimeMs ?? ''}`)
    .sort();
  return hash('sha256', [...settings, ...lines].join('\n'));
}

/** Returns the pattern of a path. A missing path has no files; the next step that reads it reports that. */
async function patternOf(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() ? `${fastGlob.escapePath(path)}/**` : fastGlob.escapePath(path);
}

/** Reads the file with the fingerprint of a stage's inputs. */
async function readStamp(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

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
async function runNode(what: string, args: string[], { env, onLine }: ChildOptions = {}): Promise<void> {
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
