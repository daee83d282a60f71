import prettyBytes from 'pretty-bytes';
import { escapeMarkdown } from '../github/job.ts';
import type { Received } from './receive-handover.ts';

/** Builds that the summary lists; the others are counted. */
const MAX_LISTED = 500;

/** The job summary: what was built, reused, built twice and failed, and how large it is. */
export function describeRun(all: readonly Received[]): string {
  const builds = all.flatMap(({ newBuilds }) => newBuilds);
  const failures = all.flatMap(({ failures }) => failures);
  const rows = all.map(
    ({ entry, title, newBuilds, again, reused, failures: failed, refused }) =>
      `| ${entry.index} | ${escapeMarkdown(title.slice(0, 200))} | ${escapeMarkdown(entry.target)} | ` +
      `${newBuilds.length} | ${again} | ${reused} | ${failed.length}${refused === undefined ? '' : ' (refused)'} |`,
  );
  const bytes = builds.reduce((sum, { tarball }) => sum + tarball.size, 0);
  return [
    `## Published ${builds.length} builds, ${prettyBytes(bytes)}`,
    '',
    '| job | asked for | target | new | built twice | reused | failed |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...listing(
      'New builds',
      builds.map(
        ({ name, version, hash, tarball }) =>
          `${escapeMarkdown(`${name} ${version}`)} \`${hash}\` ${prettyBytes(tarball.size)}`,
      ),
    ),
    ...listing(
      'Failures',
      failures.map(
        ({ name, spec, kind, phase, log }) =>
          `**${escapeMarkdown(name)}** ${kind}${phase === undefined ? '' : ` in ${escapeMarkdown(phase)}`}: ` +
          `${escapeMarkdown(spec.slice(0, 300))}<br>${escapeMarkdown((log.at(-1) ?? '').slice(0, 300))}`,
      ),
    ),
  ].join('\n');
}

function listing(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const more = items.length > MAX_LISTED ? [`* and ${items.length - MAX_LISTED} more`] : [];
  return [`### ${title}`, '', ...items.slice(0, MAX_LISTED).map((item) => `* ${item}`), ...more, ''];
}
