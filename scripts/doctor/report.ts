import { formatNumber } from '../../site/lib/format.ts';
import { formatJson } from '../../site/lib/json.ts';
import { Health, type Finding } from '../../site/schemas/checks/health.ts';
import { addFiles } from '../catalog/new-files.ts';
import { escapeMarkdown } from '../github/actions.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Where the catalog keeps what the last run found. */
const HEALTH_FILE = 'checks/doctor.json';

const MOST_RECORDED = 200;
const MOST_SHOWN = 50;

/** What a run found, as it is recorded and printed. */
export function toHealth(
  diagnosis: Diagnosis,
  about: Pick<Health, 'date' | 'run' | 'commit' | 'deep'>,
): Health {
  const { checks, findings } = diagnosis;
  const count = (severity: Finding['severity']): number =>
    findings.filter((finding) => finding.severity === severity && !finding.fixed).length;
  return Health.parse({
    ...about,
    problems: count('problem'),
    warnings: count('warning'),
    checks,
    findings: findings.slice(0, MOST_RECORDED),
  });
}

/** Writes the record that the page and the API show, and that is committed with the catalog. */
export function recordHealth(directory: string, health: Health): void {
  addFiles(directory, [{ path: HEALTH_FILE, content: formatJson(health), replace: true }]);
}

/** What was found, in Markdown: for a terminal, a job's summary and an issue. */
export function healthText({ checks, findings }: Health): string {
  const groups = Map.groupBy(findings, ({ code }) => code);
  const lines = [...groups].flatMap(([code, members]) => [
    `### ${code}: ${members.length}`,
    ...members.slice(0, MOST_SHOWN).map(lineOf),
    ...(members.length > MOST_SHOWN ? [`- and ${members.length - MOST_SHOWN} more`] : []),
  ]);
  const open = checks.filter(({ checked, total }) => checked < total);
  return [
    ...lines,
    ...(open.length > 0 ? [''] : []),
    ...open.map(
      ({ name, checked, total, note = '' }) => `Looked at ${checked} of ${total}: ${name} (${note}).`,
    ),
  ].join('\n');
}

/** One sentence that counts. */
export function summaryText({
  problems,
  warnings,
  checks,
}: Pick<Health, 'problems' | 'warnings' | 'checks'>): string {
  const looked = `${checks.length} things were compared`;
  if (problems + warnings === 0) return `Catalog, registry and site agree: ${looked}, nothing was found.`;
  return `${formatNumber(problems, 'problem')} and ${formatNumber(warnings, 'warning')} were found; ${looked}.`;
}

function lineOf({ severity, where, expected, found, advice, fixed }: Finding): string {
  const lead = fixed ? 'fixed' : severity;
  return `- ${lead}: ${escapeMarkdown(where)}: expected ${escapeMarkdown(expected)}, found ${escapeMarkdown(found)}; ${advice}`;
}
