import prettyBytes from 'pretty-bytes';
import type { MirrorPlan } from '../../site/lib/mirror-plan.ts';
import type { Dist } from './dist.ts';

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
        `${planned.served.size - plan.served.size} builds fewer are on the mirror than the pages say.`,
    );
  }
  if (leftOut.builds.length > 0) {
    lines.push(
      `${leftOut.builds.length} builds (${prettyBytes(leftOut.bytes)}) did not fit: only the registry has their tarballs, ` +
        'and only the view "all" lists them.',
    );
  }
  if (leftOut.configs > 0) {
    lines.push(
      `${leftOut.configs} spec files are only in the registry; clients do not need them to install.`,
    );
  }
  if (leftOut.views.length > 0) {
    lines.push(
      `${leftOut.views.length} monthly views, up to ${leftOut.views[0]}, are left out for their size.`,
    );
  }
  const total = prettyBytes(dist.siteBytes + dist.mirrorBytes);
  lines.push(
    `Mirrored ${plan.served.size} of ${builds} builds and ${plan.views.size} views: the site takes ${total} of ` +
      `${prettyBytes(planned.bytes.budget)}; the registry's index ${isIndexNew ? 'was replaced' : 'stays as it is'}.`,
  );
  return lines.join('\n');
}
