import prettyBytes from 'pretty-bytes';
import { shortHash, formatNumber } from '../../site/lib/format.ts';
import { timeText } from '../../site/lib/times/build-times.ts';
import { escapeMarkdown } from '../github/actions.ts';
import type { WantedVersions } from '../spack/install-spack.ts';
import type { RefreshPlan } from './refresh-plan.ts';

/** Maximum number of rows in the table; the JSON has the whole plan. */
const MAX_ROWS = 50;

const WORDS = {
  environment: 'root of an environment',
  pinned: 'pinned or built by hand',
  needed: 'needed by others',
  other: '',
} as const;

/** Describes the consequences of newer recipes for a cache in Markdown; the last line has the counts. */
export function refreshText({ counts, renew, bytes, time }: RefreshPlan, wanted: WantedVersions): string {
  const rows = renew
    .slice(0, MAX_ROWS)
    .map(
      ({ name, version, hash, verdict, rank }) =>
        `| ${escapeMarkdown(`${name}@${version}`)} /${shortHash(hash)} | ${verdict.kind} | ${escapeMarkdown(verdict.reason.slice(0, 300))} | ${WORDS[rank]} |`,
    );
  const more = renew.length > MAX_ROWS ? [`| and ${renew.length - MAX_ROWS} more | | | |`] : [];
  const table =
    renew.length === 0
      ? []
      : ['| build | verdict | why | priority |', '| --- | --- | --- | --- |', ...rows, ...more, ''];
  return [
    `### With recipes ${escapeMarkdown(wanted.packages)} and Spack ${escapeMarkdown(wanted.spack)}`,
    '',
    ...table,
    `${counts.deprecated} deprecated, ${counts.removed} removed, ${counts.different} different, ${counts.unclear} unclear until solved again, ` +
      `${counts.unchanged} unchanged; to renew: ${formatNumber(renew.length, 'build')}, about ${prettyBytes(bytes, { binary: true })}${renew.length > 0 ? `, ${timeText(time, renew.length)}` : ''}`,
  ].join('\n');
}
