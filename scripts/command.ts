import { Command, Option } from 'commander';

/** What `--help` shows of a script. */
export interface CommandText {
  /** File name of the script without its ending: `publish`. */
  verb: string;
  /** One sentence. */
  description: string;
  /** Command lines that work as written, shown below the options. */
  examples: string[];
}

/** A command line parser with the project's common manners; add arguments, options and an action to it. */
export function createCommand({ verb, description, examples }: CommandText): Command {
  return new Command(`node scripts/${verb}.ts`)
    .description(description)
    .helpOption('-h, --help', 'show this text')
    .showHelpAfterError('Run it with --help to see what it takes.')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

/** An option that may come from an environment variable instead, as workflows hand inputs over; empty means absent. */
export function variableOption(flags: string, description: string, variable: string, otherwise = ''): Option {
  return new Option(flags, description).env(variable).default(otherwise);
}

/** Runs a command; the only place that catches: one line per cause on stderr, exit code 1. */
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
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message);
  }
  return messages.join('\n  because ');
}
