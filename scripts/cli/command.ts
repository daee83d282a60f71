import { existsSync } from 'node:fs';
import { Command, Help, Option } from 'commander';
import { ZodError } from 'zod';
import { escapeUnsafe, ownValue } from '../../site/schemas/safe-text.ts';
import { parseSettings, type Settings } from '../../site/schemas/settings.ts';
import { isErrorCode } from './files.ts';

/** Texts for a script's `--help`. */
export interface CommandText {
  /** File name of the script without its ending: `publish`. */
  verb: string;
  /** One sentence. */
  description: string;
  /** Command lines that work as written, shown below the options. */
  examples: [string, ...string[]];
}

/** A command line parser; add arguments, options and an action to it. */
export class ScriptCommand extends Command {
  /**
   * An option that may come from an environment variable instead, as workflows pass inputs; empty means
   * absent.
   */
  variable(flags: string, description: string, variable: string, otherwise = ''): this {
    return this.addOption(new Option(flags, description).env(variable).default(otherwise));
  }

  /**
   * The option `--catalog` for commands that only read it, which would take a folder with a typing error in its name, or
   * another working folder than the repository's, for an empty catalog.
   */
  existingCatalog(): this {
    return this.addOption(catalogOption()).hook('preAction', () =>
      expectCatalog('--catalog', this.opts()['catalog']),
    );
  }

  /** The option `--branch`, which is required outside a workflow. */
  branch(): this {
    const description = 'the branch (default: under Actions, that of the run)';
    return this.variable('--branch <NAME>', description, 'GITHUB_REF_NAME').hook('preAction', () => {
      if (!this.opts()['branch']) throw new Error('expected --branch or GITHUB_REF_NAME to name the branch');
    });
  }
}

/** Throws when the folder of a catalog is missing. An empty name stands for the default one. */
export function expectCatalog(option: string, named: string): void {
  const folder = named || readSettings().CATALOG_DIR;
  if (existsSync(folder)) return;
  throw new Error(`${folder}: expected the folder of a catalog, found none; check ${option} and CATALOG_DIR`);
}

/** A command with the options and the help format that all scripts share. */
export function createCommand({ verb, description, examples }: CommandText): ScriptCommand {
  const fault = findOldNode(process.versions.node, verb);
  if (fault !== undefined) exitWith(fault);
  return new ScriptCommand(`node scripts/${verb}.ts`)
    .description(description)
    .helpOption('-h, --help', 'show this text')
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({ outputError: (text, write) => write(escapeUnsafe(text, '\n')) })
    .showHelpAfterError('Run it with --help to see its options.')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

/**
 * Release of Node for all tests. Versions before 22.18 cannot read TypeScript, so they never reach this
 * check.
 */
const NODE_RELEASE = 24;

/** The error for a Node that is too old for a command; undefined for others. */
export function findOldNode(version: string, verb: string): string | undefined {
  if (Number.parseInt(version, 10) >= NODE_RELEASE) return undefined;
  return (
    `expected Node ${NODE_RELEASE} or newer, found ${version}; write \`npx node scripts/${verb}.ts\`, ` +
    'which takes the one that `npm ci` has installed'
  );
}

/** The description, without a default that is an empty text, an empty list or false. */
function describeOption(option: Option): string {
  return new Help()
    .optionDescription(option)
    .replace(/ ?\(default: (?:""|\[\]|false)\)/, '')
    .replace(/default: "", /, '');
}

/**
 * The settings, for scripts that show them in their `--help`. They are read before the command runs, so a
 * wrong one is reported here, in one sentence, with exit code 1.
 */
export function readSettings(): Settings {
  try {
    return parseSettings(process.env);
  } catch (error) {
    return exitWith(describeError(error));
  }
}

/** Ends the process with an error, before the command runs. */
function exitWith(message: string): never {
  console.error(`error: ${message}`);
  process.exit(1);
}

/** Parses a number that somebody typed. Throws, naming the option, when it is not within these bounds. */
export function parseNumber(
  option: string,
  text: string,
  { from, to = Infinity, isWhole = true }: { from: number; to?: number; isWhole?: boolean },
): number {
  const number = (isWhole ? /^\d+$/ : /^\d+(\.\d+)?$/).test(text) ? Number(text) : NaN;
  if (number >= from && number <= to) return number;
  const bounds = to === Infinity ? `from ${from}` : `from ${from} to ${to}`;
  throw new Error(
    `${option}: expected a ${isWhole ? 'whole ' : ''}number ${bounds}, found "${text.slice(0, 40)}"`,
  );
}

/** The option `--catalog`, which overrides CATALOG_DIR. */
export function catalogOption(description = "the catalog's folder"): Option {
  return new Option('--catalog <DIR>', description).default(readSettings().CATALOG_DIR);
}

/** Adds the options for the places of catalog and settings. */
export function addPlaces(command: ScriptCommand): ScriptCommand {
  return command
    .addOption(catalogOption())
    .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)");
}

/**
 * Adds `--registry` and `--catalog` for scripts in which they override REGISTRY and CATALOG_DIR: see
 * `overrideSettings`.
 */
export function addDestination(command: ScriptCommand, isCatalogMade = true): ScriptCommand {
  command.option('--registry <REGISTRY>', 'oci-layout:DIR or host/path', readSettings().REGISTRY);
  return isCatalogMade ? command.addOption(catalogOption()) : command.existingCatalog();
}

/** The settings from the environment, overridden by the command line's; empty options are ignored. */
export function overrideSettings(options: Partial<Record<keyof Settings, string | undefined>>): Settings {
  const present = Object.entries(options).filter(([, text]) => text);
  return parseSettings({ ...process.env, ...Object.fromEntries(present) });
}

/** Runs a command and prints one line per cause on stderr, with exit code 1, when it fails. */
export async function runCommand(command: Command): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    console.error(`error: ${describeError(error)}`);
    if (process.env['DEBUG']) console.error(error);
    process.exitCode = 1;
  }
}

/** The message of an error and of its causes, each once. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
    // "expected a file, found none" says the same.
    if (messages.length > 0 && isErrorCode(cause, 'ENOENT')) continue;
    // An empty path or name would leave nothing before the colon.
    const message = printable(messageOf(cause)).replace(/^(?=: )/, '""');
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message);
  }
  return messages.join('\n  because ');
}

/** The first issue is enough when something does not fit a schema: all of them are a page of JSON. */
function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (!(cause instanceof ZodError)) return explainSystemError(cause) ?? cause.message;
  const [issue] = cause.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  return `${place === '' ? '' : `${place}: `}${issue?.message ?? 'it does not fit'}`.slice(0, 500);
}

/** Advice about a system error, whose own message says neither what was expected nor what to do. */
const SYSTEM_ERRORS: Record<string, string> = {
  ENOENT: 'expected a file or folder, found none; check the path',
  ENOTDIR: 'expected a folder, found something else; check the path',
  EISDIR: 'expected a file, found a folder; check the path',
  EEXIST: 'expected nothing else of that name, found something; choose another path',
  ENAMETOOLONG: 'expected a path that the system takes, found a longer one; check the path',
  EACCES: 'expected permission to read or write, found none; change its mode or owner',
  EPERM: 'expected permission to read or write, found none; change its mode or owner',
  EROFS: 'expected a file system that can be written to, found one that cannot; choose another folder',
  ENOSPC: 'the disk is full; make room, and run this again',
  EDQUOT: 'the disk is full; make room, and run this again',
};
/** Maximum number of characters of a path that a message shows. */
const MOST_PATH = 300;

/** Undefined for other errors, and for programs that are missing. */
function explainSystemError(error: Error): string | undefined {
  const { code = '', path, syscall = '' } = error as NodeJS.ErrnoException;
  const explained = ownValue(SYSTEM_ERRORS, code);
  if (explained === undefined || syscall === '' || syscall.startsWith('spawn')) return undefined;
  if (path !== undefined) return `${path.slice(0, MOST_PATH)}: ${explained}`;
  // The system does not say which of the open files has no room.
  return explained.startsWith('the disk') ? explained : undefined;
}

/**
 * Text from anywhere, safe for a log: no control character reaches the terminal, and no line begins with
 * outside text, since GitHub treats a line that begins with `::`, after any space, as a command.
 */
export function printable(text: string): string {
  // GitHub treats `##[` anywhere in a line as the beginning of a command.
  return escapeUnsafe(text.trimEnd(), '\n').replaceAll('##[', '# #[').replaceAll(/\n\s*/g, '\n  | ');
}
