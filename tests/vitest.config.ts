import { availableParallelism } from 'node:os';
import { delimiter, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { TOOLS_BIN } from './tools/path.ts';

/** Milliseconds; two noisy cores, and what runs beside a test is not its fault. */
const MINUTE = 60_000;

export default defineConfig({
  root: resolve(import.meta.dirname, '..'),
  // Packages name source maps that they do not bring.
  logLevel: 'error',
  test: {
    pool: 'forks',
    // All of them: most tests wait for other programs.
    maxWorkers: availableParallelism(),
    // The project's own Node comes first, as it does under npm.
    env: {
      PATH: [resolve('node_modules/.bin'), TOOLS_BIN, process.env['PATH'] ?? ''].join(delimiter),
      ASTRO_TELEMETRY_DISABLED: '1',
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
            'tests/{generate,tools,bench,workflows}/**/*.test.ts',
          ],
          testTimeout: MINUTE,
          hookTimeout: MINUTE,
          // It imports JSON without saying so, which Node alone refuses.
          server: { deps: { inline: ['@actions/workflow-parser'] } },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          testTimeout: 2 * MINUTE,
          hookTimeout: 5 * MINUTE,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 5 * MINUTE,
          hookTimeout: 5 * MINUTE,
        },
      },
      {
        extends: true,
        test: {
          name: 'rehearsal',
          include: ['tests/rehearse/**/*.test.ts'],
          // One machine stands for all runners.
          fileParallelism: false,
          testTimeout: 20 * MINUTE,
          hookTimeout: 5 * MINUTE,
        },
      },
    ],
  },
});
