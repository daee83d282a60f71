import { appendFileSync } from 'node:fs';
import { escapeUnsafe } from '../../site/schemas/safe-text.ts';

/** GitHub drops a job summary above 1 MiB; a last line says when something was left out. */
const MAX_SUMMARY_BYTES = 2 ** 20 - 4_096;

/** Jobs pass values in environment variables, each of which is limited to 128 KiB by Linux. */
const MAX_HANDED_ON_BYTES = 120_000;

let summaryBytes = 0;

/**
 * Returns a value that is passed to another job as JSON. Throws when it is too long for an environment
 * variable.
 */
export function expectHandedOn<T>(value: T): T {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= MAX_HANDED_ON_BYTES) return value;
  throw new Error(
    `the list of builds takes ${bytes} bytes, expected at most ${MAX_HANDED_ON_BYTES}, as many as one job can ` +
      'pass to the next; split it over several runs',
  );
}

/** Sets an output for later steps and jobs; does nothing outside Actions. */
export function setOutput(name: string, value: string): void {
  const file = process.env['GITHUB_OUTPUT'];
  if (!file) return;
  // A random delimiter, so that a value cannot end itself and start another output.
  const delimiter = `end-${crypto.randomUUID()}`;
  appendFileSync(file, `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
}

/** Adds Markdown to the job's summary, as many lines as fit; does nothing outside Actions. */
export function addSummary(markdown: string): void {
  const file = process.env['GITHUB_STEP_SUMMARY'];
  if (!file || summaryBytes === Infinity) return;
  const bytes = Buffer.from(`${markdown}\n\n`);
  const room = MAX_SUMMARY_BYTES - summaryBytes;
  if (bytes.length <= room) {
    summaryBytes += bytes.length;
    appendFileSync(file, bytes);
    return;
  }
  summaryBytes = Infinity;
  appendFileSync(file, bytes.subarray(0, bytes.lastIndexOf('\n', Math.max(0, room - 1)) + 1));
  appendFileSync(file, '\nThe rest is too long for a summary: see the log.\n');
}

/** Escapes text for Markdown, for names and messages that others wrote. */
export function escapeMarkdown(text: string): string {
  return escapeUnsafe(text.replaceAll(/\s+/g, ' ')).replaceAll(
    /[\\`*_{}[\]<>()#+!|~&@-]/g,
    (sign) => `&#${sign.charCodeAt(0)};`,
  );
}

/** Shows a sentence next to the run: as an annotation in Actions, otherwise as a line on stderr. */
export function annotate(level: 'notice' | 'warning' | 'error', text: string): void {
  const sentence = escapeUnsafe(text, '\r\n').replaceAll('##[', '# #[');
  if (process.env['GITHUB_ACTIONS'] !== 'true') {
    console.error(`${level}: ${sentence}`);
    return;
  }
  const escaped = sentence.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  console.error(`::${level}::${escaped}`);
}

/** Folds the output of `work` under a title; outside Actions the title is a line. */
export async function withGroup<T>(title: string, work: () => Promise<T>): Promise<T> {
  const isAction = process.env['GITHUB_ACTIONS'] === 'true';
  console.error(isAction ? `::group::${title.replaceAll(/\s+/g, ' ')}` : title);
  try {
    return await work();
  } finally {
    if (isAction) console.error('::endgroup::');
  }
}

/**
 * Runs `work` while Actions ignores commands in the output: a package's log may contain `::add-path::` or
 * `::set-output::`.
 */
export async function withStoppedCommands<T>(work: () => Promise<T>): Promise<T> {
  if (process.env['GITHUB_ACTIONS'] !== 'true') return work();
  const token = crypto.randomUUID();
  console.error(`::stop-commands::${token}`);
  try {
    return await work();
  } finally {
    console.error(`::${token}::`);
  }
}
