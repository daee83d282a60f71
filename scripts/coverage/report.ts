import { timeText } from '../../site/lib/times/build-times.ts';
import { formatNumber } from '../../site/lib/format.ts';
import type { SharedCoverage } from '../../site/lib/federation/cover-together.ts';
import { printable } from '../cli/command.ts';
import type { Coverage, MissingReason, MissingSpec } from '../../site/schemas/api/coverage.ts';

const BYTES_PER_MIB = 2 ** 20;

/** Coverage as plain lines: missing specs, then totals, and for several caches also the share of each. */
export function describeCoverage(coverage: Coverage | SharedCoverage): string {
  return 'caches' in coverage ? describeShared(coverage) : describeOne(coverage);
}

function describeOne({ needed, available, percent, downloadSize, missing, time }: Coverage): string {
  const mebibytes = (downloadSize / BYTES_PER_MIB).toFixed(1);
  return [
    ...missing.map((spec) => printable(describeMissing(spec))),
    ...(missing.length > 0 ? [`To build what is missing: ${timeText(time, missing.length)}.`] : []),
    `${percent}%: ${available} of ${needed} specs have a binary, ${mebibytes} MiB to download; ${missing.length} missing.`,
  ].join('\n');
}

/** Coverage by several caches, with the share of each and the mirrors to add. */
function describeShared(coverage: SharedCoverage): string {
  const { caches, mirrors } = coverage;
  return [
    describeOne(coverage),
    ...caches.map(({ url, has }) => `  ${url} has ${has}`),
    mirrors.length === 0
      ? 'No mirror is worth adding.'
      : `${formatNumber(mirrors.length, 'mirror')} of ${caches.length} ${mirrors.length === 1 ? 'has' : 'have'} all of it; add them in this order:`,
    ...mirrors.map(({ url, adds }) => `  ${url} (${adds}${adds === 1 ? ' spec' : ' specs'})`),
  ].join('\n');
}

function describeMissing(spec: MissingSpec): string {
  return `missing  ${spec.name}@${spec.version} /${spec.hash} target=${spec.target}: ${explain(spec)}`;
}

function explain({ reason, failure, instead = [] }: MissingSpec): string {
  const list = instead.join(', ');
  const sentences: Record<MissingReason, string> = {
    failed: `failed on ${failure?.date ?? ''} (${failure?.kind ?? ''})${failure?.run ? `, see ${failure.run}` : ''}`,
    'other-build': `there with other variants or dependencies: ${instead.map((hash) => `/${hash}`).join(', ')}`,
    'other-target': `there for other targets: ${list}`,
    'other-version': `there in other versions: ${list}`,
    never: 'never tried',
  };
  return sentences[reason];
}
