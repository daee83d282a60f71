import prettyBytes from 'pretty-bytes';
import { buildPath, externalUrl, siteAddress } from '../../site/lib/url.ts';
import type { Build } from '../../site/schemas/build.ts';
import { escapeMarkdown } from '../github/actions.ts';
import type { PublishedContainers } from '../containers/publish-containers.ts';
import { formatDuration } from '../../site/lib/format.ts';
import { pictureWaves } from '../waves/picture.ts';
import type { DividedOutcome } from './divided.ts';
import type { Received } from './receive-artifact.ts';

/** Builds that the summary lists; the others are counted. */
const MAX_LISTED = 500;

/**
 * The job summary: what was built, reused, built twice and failed, and how large it is.
 * @param isPublished whether the site is going to have pages of the builds, to link to
 */
export function describeRun(
  all: readonly Received[],
  isPublished: boolean,
  { containers, faults }: Pick<PublishedContainers, 'containers' | 'faults'> = { containers: [], faults: [] },
): string {
  const builds = all.flatMap(({ newBuilds }) => newBuilds);
  const failures = all.flatMap(({ failures }) => failures);
  const rows = all.map(
    ({ entry, title, newBuilds, again, reused, failures: failed, refused }) =>
      `| ${entry.index} | ${escapeMarkdown(title.slice(0, 200))} | ${escapeMarkdown(entry.target)} | ` +
      `${newBuilds.length} | ${again} | ${reused} | ${failed.length}${refused === undefined ? '' : ' (refused)'} |`,
  );
  const bytes = builds.reduce((sum, { tarball }) => sum + tarball.size, 0);
  return [
    `## ${isPublished ? 'Published' : 'Would publish'} ${builds.length} builds, ${prettyBytes(bytes)}`,
    '',
    ...(isPublished ? [`The site, once it is deployed: ${siteAddress()}/`, ''] : []),
    '| job | asked for | target | new | built twice | reused | failed |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...listing(
      'New builds',
      builds.map(
        (build) => `${linkTo(build, isPublished)} \`${build.hash}\` ${prettyBytes(build.tarball.size)}`,
      ),
    ),
    ...listing(
      'Containers',
      containers.map(
        ({ tags, os, architecture, base }) =>
          `\`${tags.join('`, `')}\` for ${os}/${architecture}, on ${escapeMarkdown(base.name)} \`${base.digest}\``,
      ),
    ),
    ...listing(
      'Containers that could not be made',
      faults.map((text) => escapeMarkdown(text.slice(0, 500))),
    ),
    ...listing(
      'Failures',
      failures.map(
        ({ name, spec, kind, phase, line, log }) =>
          `**${escapeMarkdown(name)}** ${kind}${phase === undefined ? '' : ` in ${escapeMarkdown(phase)}`}: ` +
          `${escapeMarkdown(spec.slice(0, 300))}<br>${escapeMarkdown((line ?? log.at(-1) ?? '').slice(0, 300))}`,
      ),
    ),
  ].join('\n');
}

/** The summary of builds in waves: a picture of the jobs, and what is left for a later run. Empty for a single job. */
export function describeWaves(
  all: readonly Received[],
  { waiting, waitingSeconds, failures }: DividedOutcome,
): string {
  if (all.length < 2 && waiting.length === 0) return '';
  const jobs = all.map(({ entry, newBuilds, again, failures: failed, planned }) => ({
    index: entry.index,
    wave: entry.wave ?? 0,
    target: entry.target,
    built: newBuilds.length + again,
    failed: failed.length,
    waiting: Math.max(0, planned - newBuilds.length - again - failed.length),
  }));
  return [
    '### Jobs in waves',
    '',
    ...pictureWaves(jobs),
    ...(failures.length > 0
      ? [`${failures.length} were not tried, since something that they need failed.`]
      : []),
    waiting.length === 0
      ? 'Nothing waits for a later run.'
      : `${waiting.length} builds wait for a later run: about ${formatDuration(waitingSeconds)}.`,
  ].join('\n');
}

function linkTo(build: Build, isPublished: boolean): string {
  const title = escapeMarkdown(`${build.name} ${build.version}`);
  return isPublished ? `[${title}](${externalUrl(buildPath(build))})` : title;
}

function listing(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const more = items.length > MAX_LISTED ? [`* and ${items.length - MAX_LISTED} more`] : [];
  return [`### ${title}`, '', ...items.slice(0, MAX_LISTED).map((item) => `* ${item}`), ...more, ''];
}
