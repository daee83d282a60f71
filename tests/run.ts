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

/** One that counts as one test. */
interface Check {
  name: string;
  command: string[];
  /** A program that it is, or needs. */
  tool?: string;
  /** In a copy those of the template's style are left out: they would judge its owner's files. */
  inCopies?: boolean;
  /** Whether it reads the types of Astro's own modules, which are generated first. */
  readsTypes?: boolean;
}

/** The longest first. */
const CHECKS: Check[] = [
  {
    name: 'format',
    // What it took last time it takes again, by content.
    command: [
      ...[bin('prettier'), '--check', '.', '--log-level', 'warn'],
      ...['--cache', '--cache-strategy=content', '--cache-location=.work/prettier'],
    ],
  },
  // As one: both need the types of all files.
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
  // Without what else is on PATH: the same findings on every machine.
  { name: 'actionlint', command: ['actionlint', '-shellcheck=', '-pyflakes='], tool: 'actionlint' },
  { name: 'zizmor', command: ['zizmor', '--offline', '--persona', 'auditor', '.github'], tool: 'zizmor' },
];
/** Projects of vitest.config.ts that run as one, so that no core waits for the last file of a project. */
const PROJECTS = ['unit', 'browser', 'e2e'];
/** The project that does one thing after the other, and so leaves room for the rest. */
const BESIDE = 'rehearsal';

/** Runs every test, or the named checks and projects alone, and closes with one line that counts them. */
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
  // Chrome, Go and gpg want a home of some kind.
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

/** The checks, as many at once as there are cores and those that need no tool first, then the projects. */
async function runInTurn(wanted: (name: string) => boolean, tools: Promise<Tally>): Promise<Tally[]> {
  const checks = CHECKS.filter(({ name, inCopies }) => wanted(name) && (isTemplate || inCopies));
  const generated = checks.length > 0 ? runCheck('generated types', [bin('astro'), 'sync']) : undefined;
  const tallies = await pMap(
    checks,
    async ({ name, command, tool, readsTypes }) => {
      if (readsTypes) await generated;
      if (tool !== undefined) await tools;
      // A tool that is missing has been named before.
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
