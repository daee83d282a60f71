import prettyBytes from 'pretty-bytes';
import type { Applied } from './apply.ts';
import type { PrunePlan } from './plan.ts';

/** Builds named in a list; the rest is counted. */
const MOST_NAMED = 100;

/** What a plan does, in Markdown: for a job's summary and for people at a terminal. */
export function pruneText(plan: PrunePlan): string {
  const { restore, remove, expire, kept, bytes, warnings } = plan;
  const lines = [
    `Removes ${remove.length} of ${remove.length + kept.size} builds: ` +
      `${prettyBytes(bytes.before)} of tarballs become ${prettyBytes(bytes.after)}.`,
    ...(restore.length > 0
      ? [`${restore.length} removed builds come back: something needs them again.`]
      : []),
    ...(expire.length > 0
      ? [`${expire.length} builds that were removed earlier are deleted from the registry.`]
      : []),
    ...warnings.map((warning) => `Warning: ${warning}.`),
  ];
  const byReason = Map.groupBy(remove, ({ reason }) => reason);
  for (const [reason, members] of byReason) {
    lines.push('', `${members.length} ${reason}:`);
    for (const { build } of members.slice(0, MOST_NAMED)) {
      lines.push(
        `- ${build.name}@${build.version} /${build.hash.slice(0, 7)}, ${prettyBytes(build.tarball.size)}`,
      );
    }
    if (members.length > MOST_NAMED) lines.push(`- and ${members.length - MOST_NAMED} more`);
  }
  return lines.join('\n');
}

/** The last line: what was done. */
export function appliedText({ restored, removed, deleted, stopped }: Applied): string {
  const done = `Removed ${removed} builds, restored ${restored}, deleted ${deleted} images from the registry.`;
  return stopped === undefined ? done : `${done} ${stopped}.`;
}
