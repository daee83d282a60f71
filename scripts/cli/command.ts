import { Command, Help, Option } from 'commander';
import { ZodError } from 'zod';
import { escapeUnsafe } from '../../site/schemas/safe-text.ts';
import { parseSettings, type Settings } from '../../site/schemas/settings.ts';
import { isErrorCode } from './files.ts';

/** What `--help` shows of a script. */
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
  /** An option that may come from an environment variable instead, as workflows hand inputs over; empty means absent. */
  variable(flags: string, description: string, variable: string, otherwise = ''): this {
    return this.addOption(new Option(flags, description).env(variable).default(otherwise));
  }
}

/** A command with the project's common manners. */
export function createCommand({ verb, description, examples }: CommandText): ScriptCommand {
  return new ScriptCommand(`node scripts/${verb}.ts`)
    .description(description)
    .helpOption('-h, --help', 'show this text')
    .configureHelp({ optionDescription: describeOption })
    .showHelpAfterError('Run it with --help to see what it takes.')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

/** A description without a default that says nothing: an empty text, an empty list, a switch that is off. */
function describeOption(option: Option): string {
  return new Help()
    .optionDescription(option)
    .replace(/ ?\(default: (?:""|\[\]|false)\)/, '')
    .replace(/default: "", /, '');
}

/**
 * The settings, for scripts that show them in their `--help`: read before the command runs, so that a wrong one is
 * said here, in one sentence, with exit code 1.
 */
export function readSettings(): Settings {
  try {
    return parseSettings(process.env);
  } catch (error) {
    console.error(`error: ${describeError(error)}`);
    process.exit(1);
  }
}

/** A number that somebody typed. Throws, naming the option, on one that is not within these bounds. */
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

/** `--catalog`, instead of CATALOG_DIR. */
export function catalogOption(description = "the catalog's folder"): Option {
  return new Option('--catalog <DIR>', description).default(readSettings().CATALOG_DIR);
}

/** Adds the options that say where catalog and settings are. */
export function addPlaces(command: ScriptCommand): ScriptCommand {
  return command
    .addOption(catalogOption())
    .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)");
}

/**
 * `--registry` and `--catalog` of scripts that replace REGISTRY and CATALOG_DIR by them: see `overrideSettings`.
 */
export function addDestination(command: ScriptCommand): ScriptCommand {
  return command
    .option('--registry <REGISTRY>', 'oci-layout:DIR or host/path', readSettings().REGISTRY)
    .addOption(catalogOption());
}

/** The settings of the environment but for what the command line says; what is empty there does not count. */
export function overrideSettings(options: Partial<Record<keyof Settings, string | undefined>>): Settings {
  const said = Object.entries(options).filter(([, text]) => text);
  return parseSettings({ ...process.env, ...Object.fromEntries(said) });
}

/** Runs a command; the only other place that catches: one line per cause on stderr, exit code 1. */
export async function runCommand(command: Command): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    console.error(`error: ${describeError(error)}`);
    if (process.env['DEBUG']) console.error(error);
    process.exitCode = 1;
  }
}

/** The message of an error and of its causes, each said once. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
    // "expected a file, found none" has said it already.
    if (messages.length > 0 && isErrorCode(cause, 'ENOENT')) continue;
    const message = printable(messageOf(cause));
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message);
  }
  return messages.join('\n  because ');
}

/** Of what does not fit a schema the first place says enough: all of them are a page of JSON. */
function messageOf(cause: unknown): string {
  if (!(cause instanceof ZodError)) return cause instanceof Error ? cause.message : String(cause);
  const [issue] = cause.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  return `${place === '' ? '' : `${place}: `}${issue?.message ?? 'it does not fit'}`.slice(0, 500);
}

/**
 * Text from anywhere as a log may show it: no control character reaches the terminal, and no line begins with text
 * from outside, since GitHub takes a line that begins with `::` for a command, whatever space is before it.
 */
export function printable(text: string): string {
  // GitHub takes `##[` anywhere in a line for the beginning of a command.
  return escapeUnsafe(text.trimEnd(), '\n').replaceAll('##[', '# #[').replaceAll(/\n\s*/g, '\n  | ');
}
