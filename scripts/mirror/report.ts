import prettyBytes from 'pretty-bytes';
import type { MirrorPlan } from '../../site/lib/mirror/plan.ts';
import type { Dist } from './dist.ts';
import { formatNumber } from '../../site/lib/format.ts';

/** What was done, in plain sentences; the last one counts. */
export function describeMirror(
  plan: MirrorPlan,
  { planned, dist, isIndexNew }: { planned: MirrorPlan; dist: Dist; isIndexNew: boolean },
): string {
  const { leftOut, bytes } = plan;
  const builds = plan.served.size + leftOut.builds.length;
  const lines: string[] = [];
  if (plan.served.size < planned.served.size) {
    lines.push(
      `The pages take ${prettyBytes(dist.siteBytes)}, ${prettyBytes(bytes.site)} were expected: ` +
        `the mirror has ${formatNumber(planned.served.size - plan.served.size, 'build')} fewer than the pages say.`,
    );
  }
  if (leftOut.builds.length > 0) {
    lines.push(
      `${formatNumber(leftOut.builds.length, 'build')} (${prettyBytes(leftOut.bytes)}) did not fit: only the registry has their tarballs, ` +
        'and only the view "all" lists them.',
    );
  }
  if (leftOut.configs > 0) {
    lines.push(
      `${formatNumber(leftOut.configs, 'spec file')} left to the registry; clients do not need them to install.`,
    );
  }
  if (leftOut.views.length > 0) {
    lines.push(
      `${formatNumber(leftOut.views.length, 'monthly view')} left out for their size: ${leftOut.views[0]} and older.`,
    );
  }
  const total = prettyBytes(dist.siteBytes + dist.mirrorBytes);
  lines.push(
    `Mirrored ${plan.served.size} of ${builds} builds and ${formatNumber(plan.views.size, 'view')}: the site takes ${total} of ` +
      `${prettyBytes(planned.bytes.budget)}; the registry's index ${isIndexNew ? 'was replaced' : 'stays as it is'}.`,
  );
  return lines.join('\n');
}
