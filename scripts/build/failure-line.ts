import type { RecordedFailure } from '../../site/schemas/build-record.ts';
import { COMPILE, CONFIGURE, DISK, KILLED, MEMORY, TEST } from './failure-kind.ts';
import type { InstallError } from './install-events.ts';

/** The end of a Python traceback: `ModuleNotFoundError: No module named 'x'`. */
const PYTHON = /^\s*(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Unavailable|Interrupt)(?::|$)/;
/** Errors that name a place, then any, then what make says of them: the first that occurs is quoted. */
const ANY = [
  /:\d+(:\d+)?: (fatal )?error:/i,
  /\b(fatal )?error: (?!subprocess-exited|command .* failed)/i,
  /\bERROR: (?!Failed building wheel|failed to build)/i,
  PYTHON,
  /cannot stat|Permission denied|: not found|No such file or directory|command not found/,
  /No rule to make target/,
  /\*\*\* .*(Error \d+|Killed|Stop)/,
  /\berror\b/i,
];

/** By kind: what is looked for first. */
const FIRST: Partial<Record<RecordedFailure['kind'], readonly RegExp[]>> = {
  disk: [DISK],
  memory: [/Killed signal terminated/, MEMORY],
  killed: [KILLED],
  compile: [
    /(:\d+(:\d+)?|f951|cc1|cc1plus): (fatal )?error:|internal compiler error/,
    /^Fatal Error: |^Error: .* at \(1\)/,
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
    CONFIGURE,
  ],
  patch: [/FAILED|malformed patch|can't find file to patch|Patch .* failed/],
  test: [/^FAIL: /, PYTHON, TEST],
  install: [/CMake Error (at|:)|file INSTALL cannot/, /cannot|Permission denied|No such file/],
};

/** A text's line that says most of a failure, as a person would quote it; undefined for a text without lines. */
export function findLine(
  kind: RecordedFailure['kind'],
  lines: readonly string[],
  error: Pick<InstallError, 'types' | 'message'> | undefined,
): string | undefined {
  const isProcess =
    error === undefined || error.types.some((type) => /\.(ProcessError|TestFailure)$/.test(type));
  const patterns = [...(FIRST[kind] ?? []), ...ANY];
  const fromLog = () => search(lines, patterns);
  const fromError = () => (error === undefined ? undefined : quoteError(error));
  if (isProcess) return fromLog() ?? fromError() ?? lines.findLast((line) => line.trim() !== '')?.trim();
  return fromError() ?? fromLog();
}

function search(lines: readonly string[], patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const index = lines.findIndex((line) => pattern.test(line) && !/\bwarning\b/i.test(line.slice(0, 200)));
    const line = lines[index];
    if (line !== undefined) return extend(line.trim(), lines.slice(index + 1));
  }
  return undefined;
}

/** CMake says on one line where and on the next what. */
function extend(line: string, rest: readonly string[]): string {
  if (!/^CMake Error at .*:$/.test(line)) return line;
  const text = rest.find((following) => following.trim() !== '')?.trim();
  return text === undefined ? line : `${line} ${text}`;
}

/** An exception as Python prints it; of the several addresses that were tried, the last. */
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
