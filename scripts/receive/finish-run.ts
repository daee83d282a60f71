import { hash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { readCatalog } from '../catalog/catalog.ts';
import { isLocal } from '../../site/lib/registry-address.ts';
import { readSettingsFile } from '../cli/owner-settings.ts';
import {
  previewContainers,
  publishContainers,
  type PublishedContainers,
} from '../containers/publish-containers.ts';
import { addSummary, annotate, setOutput, escapeMarkdown } from '../github/actions.ts';
import { describeVisibilities } from '../github/visibility.ts';
import type { Destination } from '../publish/publish-cache.ts';
import type { ReceivedRun, DividedOutcome } from './receive-all.ts';
import { sbomText } from '../../site/lib/sbom/sbom.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { Container } from '../../site/schemas/container.ts';
import { hexOf, type DagHash } from '../../site/schemas/digest.ts';
import { buildPath, externalUrl, siteAddress } from '../../site/lib/url.ts';
import { formatDuration, formatNumber } from '../../site/lib/format.ts';
import { pictureWaves } from '../waves/picture.ts';
import type { Received } from './receive-artifact.ts';

/** The options of `receive` that decide what happens after all artifacts. */
interface FinishOptions {
  registry: string;
  /** Whether to make containers, or only list them. */
  containers: boolean;
  /** Folder for the digests to attest. */
  subjects?: string;
  /** The owner's settings file. */
  settings?: string;
}

/**
 * Publishes the containers of the received builds and reports the results to people and to the next workflow
 * steps. Throws when something could not be published, or when everything that was requested failed.
 * @param jobs number of build jobs of the run
 */
export async function finishRun(
  jobs: number,
  run: ReceivedRun,
  options: FinishOptions,
  destination: Destination,
): Promise<void> {
  const { registry, subjects } = options;
  const { received, divided, faults } = run;
  const builds = received.flatMap(({ newBuilds }) => newBuilds);
  const requests = received.flatMap((job) => job.containers ?? []);
  const outcome = options.containers
    ? await publishContainers(requests, destination, readSettingsFile(options.settings).baseImage)
    : previewContainers(requests, process.env);
  for (const text of [...outcome.warnings, ...outcome.faults]) annotate('warning', text);
  faults.push(...outcome.faults);
  const { nodes } = readCatalog(destination.catalogDirectory);
  const notes = [
    ...(subjects === undefined
      ? []
      : attestLater(subjects, { builds, nodes, ...outcome }, process.env['PRIVATE'] === 'true')),
    ...(await describeVisibilities(builds, registry, process.env)),
  ];
  for (const note of notes) annotate('warning', note);
  addSummary(
    [
      describeRun(received, !isLocal(registry), outcome),
      ...(divided ? [describeWaves(received, divided)] : []),
      ...notes.map((note) => `> ${note}`),
    ].join('\n\n'),
  );
  setOutput('published', String(builds.length));
  setOutput('waiting', String(countWaiting(received, divided)));
  setOutput('waiting-specs', JSON.stringify(divided?.specs ?? []));
  console.error(
    `${jobs} jobs received: ${builds.length} builds and ${outcome.containers.length} containers added, ` +
      `${faults.length} not published`,
  );
  if (faults.length > 0)
    throw new Error(`some jobs could not be published; published builds stay\n  ${faults.join('\n  ')}`);
  const failure = describeUselessRun(run);
  if (failure !== undefined) throw new Error(failure);
}

/** Maximum number of failures that an error lists. */
const MAX_NAMED = 20;

/**
 * Describes the failures of a run in which all jobs failed, since such a run must not be green.
 * @returns undefined if a job succeeded, even if only with a container or a lock, or if nothing failed
 */
export function describeUselessRun({ received, unsolved, divided }: ReceivedRun): string | undefined {
  const failures = [...unsolved, ...received.flatMap((job) => job.failures), ...(divided?.failures ?? [])];
  const hasUse = received.some(
    ({ planned, newBuilds, again }) => planned === 0 || newBuilds.length + again > 0,
  );
  if (hasUse || failures.length === 0) return undefined;
  const named = failures
    .slice(0, MAX_NAMED)
    .map(({ name, kind, spec }) => `${name} (${kind}): ${spec.slice(0, 300)}`);
  const more = failures.length > MAX_NAMED ? [`and ${failures.length - MAX_NAMED} more`] : [];
  return `nothing was built, since everything failed; the failures are recorded, and the site shows them after its deployment\n  ${[...named, ...more].join('\n  ')}`;
}

/** Number of builds and containers left for a later run: those that no job got to, or that timed out. */
function countWaiting(received: ReceivedRun['received'], divided: ReceivedRun['divided']): number {
  const stopped = received.flatMap(({ failures }) => failures.filter(({ kind }) => kind === 'timeout'));
  return divided ? divided.waiting.length + divided.containers : stopped.length;
}

/** Maximum number of subjects of one attestation. Source: the README of actions/attest. */
const MAX_SUBJECTS = 1_024;
/** Number of steps in `.github/actions/attest`. */
const MAX_FILES = 4;

/** New builds and containers in the registry. */
export interface Published {
  builds: readonly Build[];
  containers: readonly Container[];
  /** Every node of their DAGs. Without it their bills of materials are not attested. */
  nodes?: ReadonlyMap<DagHash, SpecNode>;
}

/**
 * Passes the digests to attest to the next step.
 * @returns sentences on the digests that will not be attested
 */
export function attestLater(folder: string, published: Published, isPrivate: boolean): string[] {
  if (isPrivate && published.builds.length + published.containers.length > 0)
    return ['GitHub attests builds of public repositories only: these are published without attestations'];
  const { files, unattested } = writeSubjects(folder, published);
  setOutput('subjects', String(files));
  return unattested === 0
    ? []
    : [`${unattested} digests are not attested: one run attests ${MAX_FILES * MAX_SUBJECTS} at most`];
}

/**
 * Writes the digests to attest (of new containers, images, tarballs and bills of materials) into a folder in
 * the format of sha256sum, as many per file as one attestation takes: `1.txt`, `2.txt` and so on.
 * @returns the number of files, and of digests that did not fit into them
 */
export function writeSubjects(
  folder: string,
  { builds, containers, nodes }: Published,
): { files: number; unattested: number } {
  const lines = [
    ...containers.map(({ digest, tags: [tag = ''] }) => `${hexOf(digest)}  ${tag}\n`),
    ...builds.flatMap((build) => {
      const { tarball, image } = build;
      return [
        `${hexOf(image.digest)}  ${image.tag}\n`,
        `${hexOf(tarball.digest)}  ${image.tag}.tar.gz\n`,
        ...(nodes ? [`${hash('sha256', sbomText(build, nodes))}  ${image.tag}.spdx.json\n`] : []),
      ];
    }),
  ];
  const files = Math.min(MAX_FILES, Math.ceil(lines.length / MAX_SUBJECTS));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (let file = 0; file < files; file += 1) {
    const part = lines.slice(file * MAX_SUBJECTS, (file + 1) * MAX_SUBJECTS);
    writeFileSync(join(folder, `${file + 1}.txt`), part.join(''));
  }
  return { files, unattested: Math.max(0, lines.length - files * MAX_SUBJECTS) };
}

/** Maximum number of builds that the summary lists; the rest are counted. */
const MAX_LISTED = 500;

/**
 * Composes the job summary: builds that are new, reused, built twice or failed, and their size.
 * @param isPublished whether the site will have pages of the builds to link to
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
    `## ${isPublished ? 'Published' : 'Would publish'} ${formatNumber(builds.length, 'build')}, ${prettyBytes(bytes)}`,
    '',
    ...(isPublished ? [`The site, once it is deployed: ${siteAddress()}/`, ''] : []),
    '| job | requested | target | new | built twice | reused | failed |',
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

/** Composes the summary of builds in waves: a diagram, and the builds left for a later run. Empty for a single job. */
export function describeWaves(
  all: readonly Pick<Received, 'entry' | 'planned' | 'newBuilds' | 'again' | 'failures'>[],
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
      ? [`${failures.length} were not tried, since one of their dependencies failed.`]
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
