import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { TOOLS_BIN } from './tools/path.ts';

/** In milliseconds. Time limits only end hanging tests: a busy machine must not make a test fail. */
const MINUTE = 60_000;

/** Temporary folder of all tests, removed after the last of them. Vitest reads this file once per project. */
const temporary = join(tmpdir(), `tests-${process.pid}`);
mkdirSync(temporary, { recursive: true });
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));

export default defineConfig({
  root: resolve(import.meta.dirname, '..'),
  // Packages refer to source maps that they do not include.
  logLevel: 'error',
  test: {
    pool: 'forks',
    // Uses all cores: most tests wait for other programs.
    maxWorkers: availableParallelism(),
    // Test files share their imports: loading them for each took half of the time of the quick ones.
    isolate: false,
    // The project's own Node comes first, as under npm.
    env: {
      PATH: [resolve('node_modules/.bin'), TOOLS_BIN, process.env['PATH'] ?? ''].join(delimiter),
      TMPDIR: temporary,
      ASTRO_TELEMETRY_DISABLED: '1',
      // Tests run hundreds of scripts in separate processes: this halves their start-up time.
      NODE_COMPILE_CACHE: resolve('.work/compile-cache'),
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'scripts/**/*.test.ts',
            'site/**/*.test.ts',
            'tests/*.test.ts',
            'tests/{fuzz,generate,tools,bench,workflows}/**/*.test.ts',
          ],
          testTimeout: 5 * MINUTE,
          hookTimeout: 5 * MINUTE,
          // It imports JSON without an import attribute, which Node refuses.
          server: { deps: { inline: ['@actions/workflow-parser'] } },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          globalSetup: ['tests/browser/global-setup.ts'],
          // Pages change with a delay after a click.
          expect: { poll: { timeout: MINUTE } },
          testTimeout: 10 * MINUTE,
          hookTimeout: 10 * MINUTE,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/{e2e,faults}/**/*.test.ts'],
          testTimeout: 15 * MINUTE,
          hookTimeout: 10 * MINUTE,
        },
      },
      {
        extends: true,
        test: {
          name: 'rehearsal',
          include: ['tests/rehearse/**/*.test.ts'],
          // One machine simulates all runners.
          fileParallelism: false,
          testTimeout: 60 * MINUTE,
          hookTimeout: 10 * MINUTE,
        },
      },
    ],
  },
});
