import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import pMap from 'p-map';
import { prepareTools } from './tools/prepare.ts';
import { findProgram, TOOLS_BIN } from './tools/path.ts';
import { addTallies, type Tally } from './tools/report.ts';
import { runCheck, runTests } from './tools/steps.ts';
import { isTemplate } from './world/template.ts';

const bin = (name: string): string => join('node_modules/.bin', name);

/** A check that counts as one test. */
interface Check {
  name: string;
  command: string[];
  /** Program that it runs or needs. */
  tool?: string;
  /** Whether it runs in copies; checks of style do not, since they would judge the owner's files. */
  inCopies?: boolean;
  /** Whether it reads the generated types of Astro's modules. */
  readsTypes?: boolean;
}

/** Checks, the longest first. */
const CHECKS: Check[] = [
  {
    name: 'format',
    // It caches results by content.
    command: [
      ...[bin('prettier'), '--check', '.', '--log-level', 'warn'],
      ...['--cache', '--cache-strategy=content', '--cache-location=.work/prettier'],
    ],
  },
  // Run as one check, since both need the types of all files.
  isTemplate
    ? {
        name: 'types and lint',
        command: [bin('oxlint'), '--deny-warnings', '--type-check'],
        readsTypes: true,
      }
    : {
        name: 'types',
        command: [bin('oxlint'), '--allow', 'all', '--type-check'],
        inCopies: true,
        readsTypes: true,
      },
  {
    name: 'types of pages',
    command: [bin('astro'), 'check', '--noSync', '--tsconfig', 'tests/tools/tsconfig.pages.json'],
    inCopies: true,
    readsTypes: true,
  },
  { name: 'unused code', command: [bin('knip')], readsTypes: true },
  // Ignores other programs on PATH, for the same findings on every machine.
  { name: 'actionlint', command: ['actionlint', '-shellcheck=', '-pyflakes='], tool: 'actionlint' },
  { name: 'zizmor', command: ['zizmor', '--offline', '--persona', 'auditor', '.github'], tool: 'zizmor' },
];
/** Projects of vitest.config.ts that run together, so that no core waits for the last file of a project. */
const PROJECTS = ['unit', 'browser', 'e2e'];
/** Project that runs sequentially, next to the others. */
const BESIDE = 'rehearsal';

/** Runs every test, or only the named checks and projects, and ends with one line of totals. */
async function run(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { full: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const wanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
  process.chdir(resolve(import.meta.dirname, '..'));
  if (values.full) process.env['FULL'] = '1';
  process.env['PATH'] = [TOOLS_BIN, process.env['PATH'] ?? ''].join(delimiter);
  process.env['ASTRO_TELEMETRY_DISABLED'] = '1';
  process.env['NODE_COMPILE_CACHE'] = resolve('.work/compile-cache');
  // Large pages for the C library's memory (glibc, Linux): each fork copies the tables of all pages, and a
  // worker with 1 GB of buffers took 24 ms to start a program, now 1.4 ms.
  process.env['GLIBC_TUNABLES'] ??= 'glibc.malloc.hugetlb=1';
  // Chrome, Go and gpg require a home directory.
  if (!process.env['HOME']) {
    process.env['HOME'] = resolve('.work/home');
    mkdirSync(process.env['HOME'], { recursive: true });
  }

  const started = Date.now();
  const tools = prepareTools(process.env['CI'] === 'true');
  const tallies = await Promise.all([
    tools,
    runInTurn(wanted, tools),
    wanted(BESIDE) ? tools.then(() => runTests([BESIDE], { isQuiet: PROJECTS.some(wanted) })) : [],
  ]);

  const { passed, failed, skipped } = addTallies(tallies.flat());
  console.log(`\nThe tests took ${Math.round((Date.now() - started) / 1000)} s.`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (failed > 0) process.exitCode = 1;
}

/** Runs the checks, as many at once as there are cores, those without a tool first, then the projects. */
async function runInTurn(wanted: (name: string) => boolean, tools: Promise<Tally>): Promise<Tally[]> {
  const checks = CHECKS.filter(({ name, inCopies }) => wanted(name) && (isTemplate || inCopies));
  const generated = checks.length > 0 ? runCheck('generated types', [bin('astro'), 'sync']) : undefined;
  const tallies = await pMap(
    checks,
    async ({ name, command, tool, readsTypes }) => {
      if (readsTypes) await generated;
      if (tool !== undefined) await tools;
      // A missing tool has been reported before.
      return tool === undefined || findProgram(tool) ? [await runCheck(name, command)] : [];
    },
    { concurrency: availableParallelism() },
  );
  await tools;
  const projects = PROJECTS.filter(wanted);
  return [
    ...(generated ? [await generated] : []),
    ...tallies.flat(),
    ...(projects.length > 0 ? [await runTests(projects)] : []),
  ];
}

await run();
