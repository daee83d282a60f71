import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { readStageLogs } from '../../scripts/build/stage-log.ts';
import { startServer } from '../world/start-server.ts';
import { CASES, type FailureCase } from './cases.ts';

// Runs the cases with a real Spack and keeps the data that our code reads: the events of install_events.py
// and the
// ends of the logs. `--config` names folders for `spack -C`: the builtin recipes, and compilers, python,
// py-pip,
// py-wheel, py-setuptools, python-venv, cmake, meson, ninja and gmake as externals.
//   node tests/failures/record.ts --spack /opt/spack/bin/spack --installer new --config DIR --out recorded/1.2-new.json
const { values } = parseArgs({
  options: {
    spack: { type: 'string', default: 'spack' },
    installer: { type: 'string', default: 'old' },
    config: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
});
const KEPT_LINES = 200;
const work = mkdtempSync(join(tmpdir(), 'f'));
const folders = machineFolders();
const server = createServer((_, response) => response.writeHead(404).end());
const http = await startServer(server);
const environment = {
  ...process.env,
  SPACK_DISABLE_LOCAL_CONFIG: '1',
  SPACK_USER_CACHE_PATH: join(work, 'c'),
};
// Indexes of the recipes, from an earlier run.
const warm = process.env['SPACK_WARM'];
mkdirSync(join(work, 'c'), { recursive: true });
if (warm) execFileSync('cp', ['-a', warm, join(work, 'c/')]);
const chosen = CASES.filter(({ name }) => values.only === undefined || values.only.includes(name));
for (const one of chosen) writeCase(one);
const own = join(work, 'own/spack_repo/fails');
writeFileSync(join(own, 'repo.yaml'), 'repo:\n  namespace: fails\n  api: v2.0\n');
const settings = join(work, 'settings');
mkdirSync(settings);
writeFileSync(join(settings, 'repos.yaml'), JSON.stringify({ repos: { fails: own } }));
const options = solve(join(work, 'env'));
const recorded: Record<string, unknown> = {};
for (const group of [undefined, 'tests', 'cache-only'] as const) {
  // The new installer of 1.2.0.dev0 runs no tests; the build script then uses the old one.
  if (group === 'tests' && values.installer === 'new') continue;
  const members = chosen.filter((one) => one.group === group);
  if (members.length > 0) Object.assign(recorded, await runGroup(group, members));
}
if (values.out) writeFileSync(values.out, `${JSON.stringify(recorded, null, 1)}\n`);
else process.stdout.write(`${JSON.stringify(recorded, null, 1)}\n`);
server.close();
rmSync(work, { recursive: true, force: true });
console.error(`${Object.keys(recorded).length} failures recorded`);

function writeCase({ name, base, source, body }: FailureCase): void {
  const folder = join(work, 'own/spack_repo/fails/packages', `fails_${name.replaceAll('-', '_')}`);
  mkdirSync(folder, { recursive: true });
  const tarball = join(work, `tar/fails-${name}-1.0.tar.gz`);
  mkdirSync(dirname(tarball), { recursive: true });
  let text = body.replaceAll('HTTP', http);
  if (source) {
    const root = join(work, 'src', `fails-${name}-1.0`);
    for (const [path, content] of Object.entries(source)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content, { mode: path === 'configure' ? 0o755 : 0o644 });
    }
    const bad = source['NOT_AN_ARCHIVE'];
    if (bad === undefined) execFileSync('tar', ['-czf', tarball, '-C', dirname(root), `fails-${name}-1.0`]);
    else writeFileSync(tarball, bad);
    text = text.replaceAll('SHA256', createHash('sha256').update(readFileSync(tarball)).digest('hex'));
    text = `url = "file://${tarball}"\n${text}`;
  }
  if (body.includes('wrong.patch')) {
    writeFileSync(join(folder, 'wrong.patch'), '--- a/main.c\n+++ b/main.c\n@@ -1,1 +1,1 @@\n-other\n+new\n');
  }
  const indented = text.split('\n').map((line) => `    ${line}`);
  const module = {
    Package: 'generic',
    AutotoolsPackage: 'autotools',
    MakefilePackage: 'makefile',
    CMakePackage: 'cmake',
    MesonPackage: 'meson',
    PythonPackage: 'python',
    PerlPackage: 'perl',
  }[base];
  const className = `Fails${name
    .split('-')
    .map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)
    .join('')}`;
  writeFileSync(
    join(folder, 'package.py'),
    `from spack_repo.builtin.build_systems.${module} import ${base}\n\nfrom spack.package import *\n\n\n` +
      `class ${className}(${base}):\n    """Fails."""\n\n    homepage = "https://example.org"\n${indented.join('\n')}\n`,
  );
}

function solve(folder: string): string[] {
  mkdirSync(folder);
  const specs = chosen.map(({ name }) => `fails-${name}`);
  const yaml = { spack: { specs, view: false, concretizer: { unify: true } } };
  writeFileSync(join(folder, 'spack.yaml'), JSON.stringify(yaml));
  const options = [...values.config, settings].flatMap((config) => ['-C', config]).concat('-e', folder);
  const { status } = spawnSync(values.spack, [...options, 'concretize', '--quiet'], {
    env: environment,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`spack concretize ended with ${status}`);
  return options;
}

async function runGroup(
  group: FailureCase['group'],
  members: FailureCase[],
): Promise<Record<string, unknown>> {
  const specs = members.map(({ name }) => `fails-${name}`);
  const events = join(work, `events-${group ?? 'plain'}`);
  const flags = group === 'tests' ? ['--test=root'] : group === 'cache-only' ? ['--use-buildcache=only'] : [];
  const script = resolve(import.meta.dirname, '../../scripts/spack/install.py');
  await new Promise((done) => {
    const child = spawn(
      values.spack,
      [...options, 'python', script, events, values.installer, ...flags, ...specs],
      {
        env: environment,
        stdio: ['ignore', 2, 2],
      },
    );
    child.once('close', done);
  });
  if (!existsSync(events)) {
    console.error(`this installer cannot do what the group ${group} asks for`);
    return {};
  }
  const lock = LockFile.parse(JSON.parse(readFileSync(join(work, 'env/spack.lock'), 'utf8')));
  const logs = await readStageLogs(join(work, 'c/stage'));
  const lines = readFileSync(events, 'utf8').split('\n');
  return Object.fromEntries(
    Object.entries(lock.concrete_specs)
      .filter(([, { name }]) => specs.includes(name))
      .map(([hash, { name }]) => {
        const log = logs.get(hash);
        const record = {
          hash,
          events: lines.filter((line) => line.includes(hash)).map(clean),
          log: log && { ...log, written: 1, lines: log.lines.slice(-KEPT_LINES).map(clean) },
        };
        return [name.replace(/^fails-/, ''), record];
      }),
  );
}

/** Removes everything that is specific to this machine and this run. */
/** Folders of this machine, the longest names first, so that none is replaced partially. */
function machineFolders(): [folder: string, name: string][] {
  const spack = execFileSync('sh', ['-c', 'readlink -f "$(command -v "$0")"', values.spack], {
    encoding: 'utf8',
  });
  const folders: [string | undefined, string][] = [
    [work, '/recording'],
    [dirname(dirname(spack.trim())), '/spack'],
    [process.env['VIRTUAL_ENV'], '/venv'],
    [process.cwd(), '/project'],
    [process.env['HOME'], '/home'],
    ...values.config.map((folder, index): [string, string] => [resolve(folder), `/config-${index}`]),
  ];
  return folders
    .flatMap(([folder, name]): [string, string][] => (folder && folder !== '/' ? [[folder, name]] : []))
    .sort(([left], [right]) => right.length - left.length);
}

function clean(text: string): string {
  return folders
    .reduce((cleaned, [folder, name]) => cleaned.replaceAll(folder, name), text)
    .replaceAll(/\/tmp\/pip-([a-z-]+)-\w+/g, '/tmp/pip-$1-0')
    .replaceAll(/127\.0\.0\.1:\d{4,5}/g, '127.0.0.1:8000')
    .slice(0, 1_500);
}
