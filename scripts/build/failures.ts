import { MAX_LOG_LINE_LENGTH, MAX_LOG_LINES, type RecordedFailure } from '../../site/schemas/build-record.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import type { SpecDescription } from '../spack/describe-specs.ts';
import { lastLines } from '../spack/run-spack.ts';
import { classifyFailure, COMPILE, CONFIGURE, DISK, KILLED, MEMORY, TEST } from './failure-kind.ts';
import type { InstallError, InstallTrace } from './install-events.ts';
import { cutLines, type StageLog } from './stage-log.ts';

/** Results of an installation. */
export interface InstallOutcome {
  /** Events of Spack's installer, by hash. */
  traces: ReadonlyMap<DagHash, InstallTrace>;
  /** The end of Spack's output: quoted for specs that it did not reach, never searched. */
  output: string;
  /** Time at which the time limit stopped it, in seconds since 1970. Absent: it ended on its own. */
  stoppedAt?: number | undefined;
  specs: readonly Pick<SpecDescription, 'name' | 'hash' | 'spec' | 'state'>[];
  /** Hashes of the environment's roots. */
  roots: ReadonlySet<DagHash>;
  /** Hashes of each spec's direct dependencies. */
  dependencies: ReadonlyMap<DagHash, readonly DagHash[]>;
  logs: ReadonlyMap<DagHash, StageLog>;
  /** Whether Spack was to run the packages' tests. */
  withTests: boolean;
  /** The time limit in words. */
  limit: string;
}

/**
 * Explains why each planned spec is missing: it failed, the time limit stopped it, or it is a root that was
 * not tried. Dependencies that were never tried are not failures.
 */
export function findFailures(outcome: InstallOutcome): RecordedFailure[] {
  const missing = outcome.specs.filter(({ state }) => state === 'missing');
  const attempted = new Set(missing.map(({ hash }) => hash).filter((hash) => outcome.traces.has(hash)));
  return missing.flatMap(({ name, hash, spec }) => {
    const failure = { name, spec: spec.slice(0, 4_000), hash };
    const trace = outcome.traces.get(hash);
    if (trace !== undefined)
      return [{ ...failure, ...describeTried(trace, outcome.logs.get(hash), outcome) }];
    if (!outcome.roots.has(hash)) return [];
    if (outcome.stoppedAt !== undefined)
      return [{ ...failure, kind: 'timeout', log: [`not started within ${outcome.limit}`] }];
    const cause = findFailed(hash, attempted, outcome.dependencies);
    const needed = missing.find((entry) => entry.hash === cause);
    if (needed !== undefined) {
      const log = [`not tried: it needs ${needed.spec.slice(0, 1_000)}, which did not build`];
      return [{ ...failure, kind: 'other', log }];
    }
    const lines = lastLines(outcome.output, 20).map((line) => line.slice(0, MAX_LOG_LINE_LENGTH));
    return [
      { ...failure, kind: 'unknown', log: ['Spack ended before it reached this spec, with', ...lines] },
    ];
  });
}

function describeTried(
  trace: InstallTrace,
  log: StageLog | undefined,
  { stoppedAt, withTests, limit }: InstallOutcome,
): Pick<RecordedFailure, 'kind' | 'phase' | 'line' | 'log'> {
  const phase =
    trace.error?.phase ?? trace.open.findLast((entry) => entry.phase !== undefined)?.phase ?? log?.phase;
  const where = phase === undefined ? {} : { phase: phase.slice(0, 100) };
  const lines = log?.lines ?? [];
  // A failure after the time limit is an interruption.
  // A failure after the time limit is an interruption.
  const isStopped =
    stoppedAt !== undefined &&
    (trace.error === undefined || Math.min(trace.time, trace.error.time) >= stoppedAt - 1);
  if (isStopped)
    return { kind: 'timeout', ...where, log: [...lines, `stopped after ${limit}`].slice(-MAX_LOG_LINES) };
  const kind = classifyFailure({ trace, lines, withTests });
  const line = findLine(kind, lines, trace.error);
  return {
    kind,
    ...where,
    ...(line === undefined ? {} : { line: line.slice(0, MAX_LOG_LINE_LENGTH) }),
    log: composeLog(lines, trace.error),
  };
}

/** The log, followed by Spack's own message if that says more than "a command failed". */
function composeLog(lines: readonly string[], error: InstallError | undefined): string[] {
  const isProcess = error?.types.some((type) => type.endsWith('.ProcessError')) ?? false;
  if (error === undefined)
    return [...lines, 'its process ended without a message; it was probably killed'].slice(-MAX_LOG_LINES);
  if (isProcess && lines.length > 0) return lines.slice(-MAX_LOG_LINES);
  const name = error.types[0]?.replace(/^.*\./, '') ?? 'Error';
  const message = cutLines(error.message.startsWith(name) ? error.message : `${name}: ${error.message}`);
  return [...lines, ...message].slice(-MAX_LOG_LINES);
}

/** A dependency, direct or indirect, that was tried and is missing. */
function findFailed(
  hash: DagHash,
  attempted: ReadonlySet<DagHash>,
  dependencies: ReadonlyMap<DagHash, readonly DagHash[]>,
): DagHash | undefined {
  const isTried = (dependency: DagHash): boolean => dependency !== hash && attempted.has(dependency);
  const needsOf = (dependency: DagHash): readonly DagHash[] =>
    isTried(dependency) ? [] : (dependencies.get(dependency) ?? []);
  return walk([hash], needsOf).find(isTried);
}

/** The end of a Python traceback: `ModuleNotFoundError: No module named 'x'`. */
const PYTHON = /^\s*(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Unavailable|Interrupt)(?::|$)/;
/** Errors with a place, then any others, then make's own. The first pattern that matches decides. */
const ANY = [
  /:\d+(:\d+)?: (fatal )?error:/i,
  /\b(fatal )?error: (?!subprocess-exited|command .* failed)/i,
  /\bERROR: (?!Failed building wheel|failed to build)/i,
  PYTHON,
  /cannot stat|Permission denied|: not found|No such file or directory|command not found/,
  /No rule to make target/,
  /\*\*\* .*(Error \d+|Killed|Stop|Segmentation fault|Aborted)/,
  /\berror\b/i,
];

/** Patterns to search first, by kind. */
const FIRST: Partial<Record<RecordedFailure['kind'], readonly RegExp[]>> = {
  disk: [DISK],
  memory: [/Killed signal terminated/, MEMORY],
  killed: [KILLED],
  compile: [
    /(:\d+(:\d+)?|f951|cc1|cc1plus): (fatal )?error:|internal compiler error/,
    /^Fatal Error: |^Error: .* at \(1\)/,
    /^error(\[E\d+\])?: /,
    /undefined reference to|Undefined symbols|multiple definition of/,
    /cannot find -l/,
    COMPILE,
    /No rule to make target/,
    /: not found|command not found|No such file or directory/,
  ],
  configure: [
    /configure: error:|configure\.(ac|in):\d+: error/,
    /CMake Error (at|:)/,
    /meson\.build:\d+(:\d+)?: ERROR/,
    PYTHON,
    /^Can't locate .* in @INC/,
    CONFIGURE,
  ],
  patch: [/FAILED|malformed patch|can't find file to patch|Patch .* failed/],
  test: [/^FAIL: /, PYTHON, TEST],
  install: [
    /CMake Error (at|:)|file INSTALL cannot|^FAILED: install script/,
    /cannot|Permission denied|No such file/,
  ],
};

/** The line that best explains a failure, as a person would quote it; undefined for a text without lines. */
function findLine(
  kind: RecordedFailure['kind'],
  lines: readonly string[],
  error: Pick<InstallError, 'types' | 'message'> | undefined,
): string | undefined {
  const isProcess =
    error === undefined || error.types.some((type) => /\.(ProcessError|TestFailure)$/.test(type));
  const patterns = [...(FIRST[kind] ?? []), ...ANY];
  const fromLog = () => search(lines, patterns);
  const fromError = () => (error === undefined ? undefined : quoteError(error));
  // The exception says only that a command failed.
  if (isProcess) return fromLog() ?? lastLine(lines) ?? fromError();
  return fromError() ?? fromLog();
}

/** The last line of a log that is not Spack's own. */
function lastLine(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => line.trim() !== '' && !line.startsWith('==> '))?.trim();
}

function search(lines: readonly string[], patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const index = lines.findIndex((line) => pattern.test(line) && !/\bwarning\b/i.test(line.slice(0, 200)));
    const line = lines[index];
    if (line !== undefined) return extend(line.trim(), lines.slice(index + 1));
  }
  return undefined;
}

/** Joins CMake's two lines: the first says where, the next says what. */
function extend(line: string, rest: readonly string[]): string {
  if (!/^CMake Error at .*:$/.test(line)) return line;
  const text = rest.find((following) => following.trim() !== '')?.trim();
  return text === undefined ? line : `${line} ${text}`;
}

/** An exception as Python prints it; when several addresses were tried, the line of the last one. */
function quoteError({ types, message }: Pick<InstallError, 'types' | 'message'>): string | undefined {
  const lines = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [first, second] = lines;
  const name = types[0]?.replace(/^.*\./, '') ?? '';
  if (name === 'ProcessError') return [first, second].join(' ').trim();
  const detail = /All fetchers failed/.test(first ?? '') ? lines.at(-1) : undefined;
  if (first === undefined) return name === '' ? undefined : name;
  const isNamed = name === '' || name === 'ChildError' || first.startsWith(name);
  return detail !== undefined && detail !== first ? detail : isNamed ? first : `${name}: ${first}`;
}
