import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CASES } from '../../tests/failures/cases.ts';
import { classifyFailure } from './failure-kind.ts';
import { findFailures } from './failures.ts';
import { parseInstallEvents } from './install-events.ts';

const FOLDER = resolve(import.meta.dirname, '../../tests/failures/recorded');
const Recorded = z.record(
  z.string(),
  z.object({
    hash: z.string(),
    events: z.array(z.string()),
    log: z
      .object({ phase: z.string().optional(), lines: z.array(z.string()), written: z.number() })
      .optional(),
  }),
);
/** Minimum share of correct kinds; `unknown` counts as correct within it. */
const REQUIRED_SHARE = 0.95;

describe.each(readdirSync(FOLDER).filter((file) => file.endsWith('.json')))(
  'failures as real Spack made them (%s)',
  (file) => {
    const recorded = Recorded.parse(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
    const results = CASES.flatMap(({ name, kind, quote, group }) => {
      const failed = recorded[name];
      if (!failed) return [];
      const { hash, events, log } = failed;
      const [failure] = findFailures({
        traces: parseInstallEvents(events.join('\n')),
        output: '',
        specs: [{ name, hash, spec: `fails-${name}@1.0`, state: 'missing' }],
        roots: new Set([hash]),
        dependencies: new Map(),
        logs: new Map(
          log
            ? [
                [
                  hash,
                  {
                    lines: log.lines,
                    written: log.written,
                    ...(log.phase === undefined ? {} : { phase: log.phase }),
                  },
                ],
              ]
            : [],
        ),
        withTests: group === 'tests',
        limit: '5 minutes',
      });
      const line = failure?.line ?? failure?.log.at(-1) ?? '';
      return [{ name, expected: kind, kind: failure?.kind, line, quoted: quote.test(line) }];
    });

    test('has enough cases', () => {
      expect(results.length).toBeGreaterThanOrEqual(45);
    });

    test('finds the kind of each, or unknown', () => {
      const wrong = results.filter(({ kind, expected }) => kind !== expected && kind !== 'unknown');
      expect(wrong).toEqual([]);
      const right = results.filter(({ kind, expected }) => kind === expected);
      expect(right.length / results.length).toBeGreaterThanOrEqual(REQUIRED_SHARE);
    });

    test('finds the line that a person would quote', () => {
      const missed = results.filter(({ quoted }) => !quoted);
      expect(1 - missed.length / results.length, JSON.stringify(missed, null, 1)).toBeGreaterThanOrEqual(
        REQUIRED_SHARE,
      );
    });
  },
);

test.each([
  ['fetch', 'fatal: unable to access https://example.org/: Could not resolve host: example.org'],
  ['compile', "make: *** No rule to make target 'missing.o', needed by 'all'.  Stop."],
  ['unknown', "make: *** No rule to make target 'install'.  Stop."],
])('reads %s from the log of a recipe with one phase: %s', (kind, line) => {
  const types = ['spack.util.executable.ProcessError'];
  const message = "Command exited with status 2: 'make'";
  const trace = {
    open: [],
    steps: [],
    time: 1,
    error: { step: 'phase', phase: 'install', types, message, time: 1 },
  };
  expect(classifyFailure({ trace, lines: [line], withTests: false })).toBe(kind);
});
