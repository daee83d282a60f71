import { existsSync, readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { tryJson } from '../../site/lib/json.ts';
import { roundTimes } from '../../site/lib/times/build-times.ts';
import type { BuildTimes } from '../../site/schemas/build.ts';
import { DagHash } from '../../site/schemas/digest.ts';

/** Larger files are not read: an installation of thousands of specs writes a few megabytes. */
const MAX_BYTES = 64 * 2 ** 20;

/** A line that `install_events.py` writes. Build scripts could write there, too, so it may claim anything. */
const Event = z.object({
  event: z.enum(['begin', 'end', 'error']),
  hash: DagHash,
  step: z.string().max(40),
  phase: z.string().max(100).optional(),
  /** Seconds since 1970. */
  time: z.number(),
  types: z.array(z.string().max(300)).max(20).optional(),
  message: z.string().max(10_000).optional(),
});

/** An exception of Spack or of a recipe. */
export interface InstallError {
  /** Innermost step that raised or passed it on, and its phase. */
  step: string;
  phase?: string | undefined;
  /** Python's classes, the exception's own first: `spack.util.executable.ProcessError`. */
  types: string[];
  message: string;
  /** Seconds since 1970. */
  time: number;
}

/** Outcome for one spec. */
export interface InstallTrace {
  /** Steps that succeeded, with their seconds. */
  steps: { step: string; phase?: string | undefined; seconds: number }[];
  /** Steps that began and did not end, innermost last. */
  open: { step: string; phase?: string | undefined }[];
  error?: InstallError;
  /** Time of the last event, in seconds since 1970. */
  time: number;
}

/** Reads the events of an installation, by hash; a file that is missing or too large counts as empty. */
export function readInstallEvents(path: string): Map<DagHash, InstallTrace> {
  if (!existsSync(path) || statSync(path).size > MAX_BYTES) return new Map();
  return parseInstallEvents(readFileSync(path, 'utf8'));
}

/** The pure part of `readInstallEvents`. Skips lines that are not events: the last one may be truncated. */
export function parseInstallEvents(text: string): Map<DagHash, InstallTrace> {
  const traces = new Map<DagHash, InstallTrace>();
  const begun = new Map<string, number>();
  for (const event of text.split('\n').flatMap((line) => tryJson(line, Event) ?? [])) {
    const { hash, step, phase, time } = event;
    const trace = traces.get(hash) ?? { steps: [], open: [], time };
    traces.set(hash, trace);
    trace.time = time;
    const key = [hash, step, phase].join();
    if (event.event === 'error') {
      // The parent reports after the child, which knows more.
      trace.error ??= { step, phase, types: event.types ?? [], message: event.message ?? '', time };
      continue;
    }
    if (event.event === 'begin') {
      begun.set(key, time);
      trace.open.push({ step, phase });
      continue;
    }
    const index = trace.open.findLastIndex((entry) => entry.step === step && entry.phase === phase);
    if (index >= 0) trace.open.splice(index, 1);
    const seconds = Math.max(0, time - (begun.get(key) ?? time));
    trace.steps.push({ step, phase, seconds: Math.round(seconds * 1_000) / 1_000 });
  }
  return traces;
}

/** Duration of each successful build; specs that were unpacked from a binary were not built. */
export function timesOf(traces: ReadonlyMap<DagHash, InstallTrace>): Map<DagHash, BuildTimes> {
  const times = new Map<DagHash, BuildTimes>();
  for (const [hash, { steps, open, error }] of traces) {
    const total = steps.find(({ step }) => step === 'build')?.seconds;
    const isBinary = steps.some(({ step }) => step === 'unpack');
    if (total === undefined || isBinary || open.length > 0 || error) continue;
    const sum = (name: string) =>
      steps.reduce((seconds, { step, seconds: own }) => (step === name ? seconds + own : seconds), 0);
    // The time to patch includes staging, which includes fetching.
    const phases = [
      { name: 'fetch', seconds: sum('fetch') },
      { name: 'stage', seconds: sum('stage') - sum('fetch') },
      { name: 'patch', seconds: sum('patch') - sum('stage') },
      ...steps.flatMap(({ step, phase = '', seconds }) =>
        step === 'phase' ? [{ name: phase, seconds }] : [],
      ),
      { name: 'post-install', seconds: sum('finish') },
    ];
    const measured = roundTimes(total, phases);
    if (measured) times.set(hash, measured);
  }
  return times;
}
