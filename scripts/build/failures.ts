import type { RecordedFailure } from '../../site/schemas/build-record.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { SpecDescription } from '../spack/describe-specs.ts';
import { cutLines } from './stage-log.ts';
import type { StageLog } from './stage-log.ts';

/** What is known after an installation. */
export interface InstallOutcome {
  /** All that Spack printed, until the time limit where that stopped it. */
  output: string;
  timedOut: boolean;
  /** Planned specs. */
  specs: readonly Pick<SpecDescription, 'name' | 'hash' | 'spec' | 'state'>[];
  /** Hashes of the environment's roots. */
  roots: ReadonlySet<DagHash>;
  logs: ReadonlyMap<DagHash, StageLog>;
  /** Whether Spack was asked to run the packages' tests. */
  withTests: boolean;
  /** The time limit in words, for what it stopped. */
  limit: string;
}

/**
 * Says of each planned spec that is missing why it is: what was tried and failed, what the time limit stopped, and
 * the roots that were not tried. Dependencies that were not even tried are no failures.
 */
export function findFailures(outcome: InstallOutcome): RecordedFailure[] {
  const errors = parseErrors(outcome.output);
  const missing = outcome.specs.filter(({ state }) => state === 'missing');
  const interrupted = outcome.timedOut ? findInterrupted(missing, errors, outcome.logs) : undefined;
  return missing.flatMap(({ name, hash, spec }) => {
    const failure = { name, spec: spec.slice(0, 4_000), hash };
    const error = errors.get(hash);
    const log = outcome.logs.get(hash);
    if (hash === interrupted) {
      const stopped = `stopped after ${outcome.limit}`;
      const lines = [...(log?.lines ?? []), stopped].slice(-100);
      return [{ ...failure, kind: 'timeout' as const, ...phaseOf(log), log: lines }];
    }
    if (error !== undefined || log !== undefined) {
      const kind = classifyFailure({ error: error ?? '', log, withTests: outcome.withTests });
      return [
        { ...failure, kind, ...phaseOf(log), log: log?.lines.length ? log.lines : cutLines(error ?? '') },
      ];
    }
    if (!outcome.roots.has(hash)) return [];
    if (outcome.timedOut)
      return [{ ...failure, kind: 'timeout' as const, log: [`not begun within ${outcome.limit}`] }];
    return [{ ...failure, kind: 'other' as const, log: ['not tried, since a dependency did not build'] }];
  });
}

/** What a failure can be told by. */
export interface FailureSigns {
  /** Spack's own words. */
  error: string;
  log: StageLog | undefined;
  withTests: boolean;
}

/** Tells the kind of a failure from the phase that it came to and the words in its log. */
export function classifyFailure({ error, log, withTests }: FailureSigns): RecordedFailure['kind'] {
  const end = (log?.lines ?? []).slice(-40).join('\n');
  if (/No space left on device|Disk quota exceeded/i.test(`${error}\n${end}`)) return 'disk';
  const phase = log?.phase;
  if (phase === undefined) {
    if (/FetchError|ChecksumError|fetchers failed|URLError|HTTPError|checksum/i.test(error)) return 'fetch';
    // Sources are there, and no phase has begun: between the two lies the patching.
    return log ? 'patch' : 'other';
  }
  if (/test|check/.test(phase)) return 'test';
  if (
    withTests &&
    /tests? (have )?failed|failed tests?|in check:|\bctest\b|make(\[\d+\])?: \*\*\* \[.*\b(check|test)/i.test(
      end,
    )
  ) {
    return 'test';
  }
  return /^(configure|cmake|meson|autoreconf|bootstrap|qmake|sconfigure|initconfig|setup|edit)/.test(phase)
    ? 'configure'
    : 'compile';
}

/**
 * Spack's errors by hash. Of several failures it closes with a list, `==> Error: <name>-<version>-<hash>: <what>`;
 * of one it only says what, after it has said that there is no binary of it.
 */
export function parseErrors(output: string): Map<DagHash, string> {
  const listed = new Map<DagHash, string>();
  const inPassing = new Map<DagHash, string>();
  let current: DagHash | undefined;
  for (const part of output.split(/^==> /m)) {
    current = /^No binary for \S+-([a-z2-7]{32}) found/.exec(part)?.[1] ?? current;
    const [, text] = /^Error: ([^]*)$/.exec(part) ?? [];
    if (text === undefined) continue;
    const [, hash, what] = /^\S+-([a-z2-7]{32}): ([^]*)$/.exec(text) ?? [];
    if (what?.startsWith('Package was not installed')) continue;
    if (hash !== undefined && what !== undefined) setOnce(listed, hash, what);
    else if (current !== undefined) setOnce(inPassing, current, text);
  }
  return new Map([...inPassing, ...listed]);
}

function setOnce(errors: Map<DagHash, string>, hash: DagHash, text: string): void {
  if (!errors.has(hash)) errors.set(hash, text.trim());
}

/** Of what is missing, what was being built when time ran out: it wrote to its log last. */
function findInterrupted(
  missing: readonly { hash: DagHash }[],
  errors: ReadonlyMap<DagHash, string>,
  logs: ReadonlyMap<DagHash, StageLog>,
): DagHash | undefined {
  const [latest] = missing
    .map(({ hash }) => ({ hash, written: logs.get(hash)?.written ?? 0 }))
    .filter(({ hash, written }) => written > 0 && !errors.has(hash))
    .sort((a, b) => b.written - a.written);
  return latest?.hash;
}

function phaseOf(log: StageLog | undefined): { phase?: string } {
  return log?.phase === undefined ? {} : { phase: log.phase.slice(0, 100) };
}
