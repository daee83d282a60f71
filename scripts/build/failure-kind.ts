import type { RecordedFailure } from '../../site/schemas/build-record.ts';
import type { InstallTrace } from './install-events.ts';

/** Facts that decide the kind of a failure. */
export interface FailureSigns {
  /** Absent: Spack recorded nothing for this spec. */
  trace: InstallTrace | undefined;
  /** The last lines of the log; empty when there is none. */
  lines: readonly string[];
  /** Whether Spack was to run the packages' tests. */
  withTests: boolean;
}

type Kind = RecordedFailure['kind'];

/** Number of lines at the end that are searched for signs: errors above them did not stop the build. */
const SEARCHED_LINES = 200;

export const DISK = /No space left on device|Disk quota exceeded|\[Errno 28\]/;
export const MEMORY =
  /\bMemoryError\b|virtual memory exhausted|\bout of memory\b|Cannot allocate memory|std::bad_alloc|Killed signal terminated program|memory exhausted/i;
/** A build that downloads something itself. */
const DOWNLOAD = /Could not resolve host|Temporary failure in name resolution|Network is unreachable/;
export const KILLED = /^(g?make(\[\d+\])?: \*\*\* .*|.*\b)Killed$|status -9\b|signal 9\b/;
/** Errors of compilers and linkers. */
export const COMPILE =
  /(:\d+(:\d+)?|^\S*(cc1|cc1plus|ld|collect2|clang|gcc|g\+\+|f951)): (fatal )?[eE]rror:|^error(\[E\d+\]|: could not compile)|internal compiler error|undefined reference to|cannot find -l|ld(\.\w+)?: cannot find|ld returned \d+ exit status|multiple definition of|Undefined symbols for architecture|No rule to make target '(?!install|check|test)|^Fatal Error: |^Error: .* at \(1\)|error: linker command failed/;
/** Errors of configure scripts, CMake, Meson and the preparation of a Python package. */
export const CONFIGURE =
  /configure: error:|CMake Error at |CMake Error:|meson\.build:\d+(:\d+)?: ERROR|Configuring incomplete|Preparing metadata .*error|Getting requirements to build wheel.*error|metadata generation failed|MetadataGenerationFailed|× (Getting requirements|Preparing metadata)|BackendUnavailable|Cannot import '.*'|configure\.(ac|in):\d+: error/;
const INSTALL =
  /\b(cp|install|mv|ln|mkdir|chmod): (cannot|cannot stat|can't|.*: (No such file|Permission denied))|file INSTALL cannot|\*\*\* \[.*\binstall/;
export const TEST =
  /tests? (have )?failed|failed tests?|^FAIL: |in check:|\bctest\b.*(fail|\*\*\*)|\*\*\* \[.*\b(check|test)/i;
const CONFIGURE_PHASE =
  /^(configure|cmake|meson|autoreconf|bootstrap|qmake|sconfigure|initconfig|setup|edit|preparse|cmake_\w+)$/;

/**
 * Determines the kind of a failure: from the step and the class of Spack's exception if they decide it,
 * otherwise from the end of the log. `unknown` if neither does.
 */
export function classifyFailure({ trace, lines, withTests }: FailureSigns): Kind {
  const end = lines.slice(-SEARCHED_LINES);
  const says = (pattern: RegExp) => end.some((line) => pattern.test(line));
  const error = trace?.error;
  const message = error?.message ?? '';
  const types = error?.types ?? [];
  if (DISK.test(message) || says(DISK)) return 'disk';
  if (MEMORY.test(message) || types.includes('builtins.MemoryError') || says(MEMORY)) return 'memory';
  if (!error) return classifySilence(trace);
  if (error.step === 'binary' || error.step === 'unpack' || /^(InstallError: )?No binary\b/.test(message))
    return 'binary';
  if (error.step === 'fetch' || error.step === 'stage' || types.some(isFetching)) return 'fetch';
  if (error.step === 'patch') return 'patch';
  if (error.step === 'finish') return 'install';
  if (types.some((type) => /^spack\.install_test\./.test(type))) return 'test';
  if (error.step === 'task' && isEndOfChild(message)) return 'killed';
  const phase = error.phase ?? trace?.open.findLast((entry) => entry.phase !== undefined)?.phase;
  if (phase === undefined) return error.step === 'setup' || error.step === 'task' ? 'other' : 'unknown';
  if (/test|check/.test(phase)) return 'test';
  if (!types.some((type) => type.endsWith('.ProcessError'))) return classifyPython(phase, types, message);
  if (withTests && (isTestCommand(message) || says(TEST))) return 'test';
  if (says(KILLED)) return 'killed';
  if (says(DOWNLOAD)) return 'fetch';
  if (CONFIGURE_PHASE.test(phase)) return 'configure';
  if (says(/file INSTALL cannot/)) return 'install';
  if (says(COMPILE)) return 'compile';
  if (phase === 'build') return 'compile';
  if (says(INSTALL)) return 'install';
  if (says(CONFIGURE) || /^\s+'[^']*\/configure'/m.test(message)) return 'configure';
  const hasBuilt = trace?.steps.some((entry) => entry.phase === 'build');
  return hasBuilt && phase === 'install' ? 'install' : 'unknown';
}

/** Classifies a failure without an exception: the process that built it is gone. */
function classifySilence(trace: InstallTrace | undefined): Kind {
  return trace !== undefined && trace.open.length > 0 ? 'killed' : 'unknown';
}

function isFetching(type: string): boolean {
  return /^spack\.(fetch_strategy|util\.(web|crypto)|stage|oci)\.|\.(FetchError|ChecksumError|NoCacheError)$/.test(
    type,
  );
}

/** Whether the old installer's parent process reports that a child sent nothing back. */
function isEndOfChild(message: string): boolean {
  return /EOFError|nothing to return|(ended|stopped) unexpectedly|died|exited (with|due to) (signal|code)|terminated/i.test(
    message,
  );
}

/** Classifies an exception of the recipe's own Python, or of a function of Spack that it calls. */
function classifyPython(phase: string, types: readonly string[], message: string): Kind {
  const [own = ''] = types;
  if (own.endsWith('.CommandNotFoundError')) return 'other';
  if (
    /Install failed for|Nothing was installed|Prefix .* does not contain|No such (file|directory) in prefix/.test(
      message,
    )
  )
    return 'install';
  if (!types.includes('builtins.OSError')) return own === 'spack.error.InstallError' ? 'unknown' : 'other';
  if (CONFIGURE_PHASE.test(phase)) return 'configure';
  return phase === 'install' ? 'install' : 'other';
}

/** Whether the command in a ProcessError runs tests: `make check`, `ctest`, `python -c "import …"`. */
function isTestCommand(message: string): boolean {
  return /'(check|test|ctest|pytest|RUN_TESTS|installcheck)'|'-c' 'import /.test(message);
}
