import { isDeepStrictEqual } from 'node:util';
import pMap from 'p-map';
import { escapeUnsafe } from '../../site/schemas/safe-text.ts';
import { type HealthCheck, type Finding, type Subject, Health } from '../../site/schemas/checks/health.ts';
import { describeError } from '../cli/command.ts';
import { DAY_MS, formatNumber } from '../../site/lib/format.ts';
import { formatJson } from '../../site/lib/json.ts';
import { addFiles } from '../catalog/catalog.ts';
import { escapeMarkdown } from '../github/actions.ts';

/** A repair that cannot lose anything. */
export type Fix = () => Promise<void>;

/** A disagreement as a check reports it; the rest depends on its kind. */
interface Disagreement extends Pick<Finding, 'where' | 'expected' | 'found'> {
  /** Replaces the usual advice for the kind. */
  advice?: string;
  fix?: Fix;
}

/** Findings and counts of one run. */
export class Diagnosis {
  readonly checks: HealthCheck[] = [];
  readonly #found: { finding: Finding; fix: Fix | undefined }[] = [];

  /** Problems first, otherwise in the order in which they were found. */
  get findings(): Finding[] {
    const all = this.#found.map(({ finding }) => finding);
    return [
      ...all.filter(({ severity }) => severity === 'problem'),
      ...all.filter(({ severity }) => severity === 'warning'),
    ];
  }

  add(code: FindingCode, { fix, ...disagreement }: Disagreement): void {
    const { subject, severity, advice } = KINDS[code];
    const { where, expected, found } = disagreement;
    this.#found.push({
      finding: {
        code,
        severity,
        subject,
        where: shown(where, 1_000),
        expected: shown(expected, 2_000),
        found: shown(found, 2_000),
        advice: disagreement.advice ?? advice,
      },
      fix,
    });
  }

  /** Records how much was checked: all of `total` unless `checked` is given. */
  count(
    subject: Subject,
    name: string,
    total: number,
    { checked = total, note }: { checked?: number; note?: string } = {},
  ): void {
    this.checks.push({ subject, name, checked, total, ...(note === undefined ? {} : { note }) });
  }

  /** Checks a sample that is different each day, and records its size. */
  async sample<T>(
    subject: Subject,
    name: string,
    items: readonly T[],
    { limit, now }: { limit: number; now: Date },
    look: (item: T) => Promise<void>,
  ): Promise<void> {
    const chosen = takeDailySample(items, limit, now);
    await pMap(chosen, look, { concurrency: REQUESTS });
    this.count(subject, name, items.length, sampleNote(chosen.length, items.length));
  }

  /** Applies the fixes one after the other; a failed one remains a finding, with the reason as its advice. */
  async fixAll(): Promise<void> {
    for (const entry of this.#found) {
      if (!entry.fix) continue;
      try {
        await entry.fix();
        entry.finding.fixed = true;
      } catch (error) {
        entry.finding.advice = shown(`could not be fixed: ${describeError(error)}`, 2_000);
      }
    }
  }
}

/** Text from anywhere, on one line and within the record's limit. */
function shown(text: string, limit: number): string {
  const line = escapeUnsafe(text.replaceAll(/\s*\n\s*/g, ' '));
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

/** Subject and severity of a kind of disagreement, and the usual advice. */
type Kind = Pick<Finding, 'subject' | 'severity' | 'advice'>;

const RESTORE = 'restore the file from git (`git log -- FILE` shows its last good commit)';
const SIGN = 'run `node scripts/sign.ts` with SIGNING_KEY, then commit';
const AGAIN = 'publish the build again, or remove it from the catalog';
const DEPLOY = 'run the workflow Deploy';

/** Every kind of disagreement that doctor knows, keyed by the short name in its findings. */
export const KINDS = {
  'file-unreadable': problem('catalog', RESTORE),
  'file-misplaced': problem('catalog', 'rename the file, or remove it'),
  'node-missing': problem('catalog', RESTORE),
  'lock-incomplete': problem('catalog', RESTORE),
  'hash-mismatch': problem('catalog', RESTORE),
  'node-unreadable': problem('catalog', 'remove the builds that depend on it, or publish them again'),
  'build-differs': problem('catalog', RESTORE),
  'time-in-future': problem('catalog', RESTORE),
  'manifest-missing': problem('catalog', RESTORE),
  'manifest-damaged': problem('catalog', RESTORE),
  'manifest-differs': problem('catalog', RESTORE),
  'manifest-orphan': warning('catalog', 'remove the file'),
  'manifest-unsigned': problem('catalog', SIGN),
  'signature-unknown-key': problem('catalog', `put the public key back into keys/, or ${SIGN} and --all`),
  'signature-bad': problem('catalog', RESTORE),
  'key-unreadable': problem('catalog', RESTORE),
  'key-secret': problem(
    'catalog',
    'create a new key with `node scripts/key.ts`, revoke this one, and sign everything again: anyone who can read the ' +
      'repository can sign with it',
  ),
  'key-misnamed': problem('catalog', 'rename the file to the fingerprint of its key'),
  'key-revoked': problem('catalog', 'create a new key with `node scripts/key.ts`, and sign everything again'),
  'key-expired': problem(
    'catalog',
    'extend the key with gpg and run `node scripts/key.ts`, or make a new one',
  ),
  'key-expires-soon': warning(
    'catalog',
    'extend the key with gpg and run `node scripts/key.ts`, or make a new one',
  ),
  'kept-missing': warning('catalog', 'publish the build again, or remove it from the file'),
  'settings-damaged': problem('catalog', RESTORE),
  'registry-unreachable': problem('registry', 'check whether the registry answers, and run it again'),
  'registry-refused': problem(
    'registry',
    'log in, or make the package public: it is private, or was deleted',
  ),
  'registry-empty': problem(
    'registry',
    'check whether the package was deleted, renamed or made private: GitHub can restore a deleted one for 30 days; otherwise ' +
      'publish the builds again, or remove them from the catalog',
  ),
  'registry-private': problem('registry', 'make the registry public'),
  'image-missing': problem('registry', AGAIN),
  'container-missing': problem('registry', 'run the workflow that built it again'),
  'removed-image-missing': warning(
    'registry',
    'no action needed: clients with older indexes build it from source',
  ),
  'image-differs': problem('registry', 'run it with --fix to point the tag back to the published image'),
  'image-damaged': problem('registry', AGAIN),
  'blob-missing': problem('registry', AGAIN),
  'blob-damaged': problem('registry', AGAIN),
  'blob-orphan': warning('registry', 'run it with --fix to remove it'),
  'tag-unknown': warning('registry', 'remove the tag, or publish its build'),
  'registry-index-differs': problem('registry', `${DEPLOY}, or run it with --fix`),
  'site-file-refused': problem('site', `open the address; if the problem remains, ${DEPLOY}`),
  'site-unreachable': problem('site', `open the address; if there is nothing, ${DEPLOY}`),
  'site-behind': problem('site', DEPLOY),
  'site-index-differs': problem('site', DEPLOY),
  'site-index-damaged': problem('site', DEPLOY),
  'view-not-subset': problem('site', DEPLOY),
  'view-differs': problem('site', DEPLOY),
  'site-layout-differs': problem('site', DEPLOY),
  'site-api-differs': problem('site', DEPLOY),
  'site-build-differs': problem(
    'site',
    `${RESTORE} if its record was edited, which nothing does but prune; otherwise ${DEPLOY}`,
  ),
  'site-index-open': problem('site', DEPLOY),
  'site-manifest-missing': problem('site', DEPLOY),
  'site-manifest-differs': problem('site', DEPLOY),
  'site-blob-missing': problem('site', DEPLOY),
  'site-blob-damaged': problem('site', DEPLOY),
  'site-manifest-orphan': warning('site', `${DEPLOY}: a deployment leaves out what nothing names`),
  'site-blob-orphan': warning('site', `${DEPLOY}: a deployment leaves out what nothing names`),
  'site-key-differs': problem('site', DEPLOY),
  'settings-not-served': problem('site', DEPLOY),
  'budget-exceeded': problem('site', 'prune builds, or raise PAGES_BUDGET (GitHub Pages holds 1 GB)'),
  'index-unreadable': problem('spack', 'report it: this project should never make such an index'),
} as const satisfies Record<string, Kind>;

export type FindingCode = keyof typeof KINDS;

function problem(subject: Kind['subject'], advice: string): Kind {
  return { subject, severity: 'problem', advice };
}

function warning(subject: Kind['subject'], advice: string): Kind {
  return { subject, severity: 'warning', advice };
}

/** Sample size per kind in a run without `--deep`, so that its cost does not grow with the cache. */
export const SAMPLE = 300;

/** Requests at a time, few enough for any registry and site. */
export const REQUESTS = 8;

/**
 * A sample that is different each day, so that all items are covered in time. All items if they are within
 * the limit.
 * @param limit Infinity for all
 */
export function takeDailySample<T>(items: readonly T[], limit: number, now: Date): T[] {
  if (items.length <= limit) return [...items];
  const start = (Math.floor(now.getTime() / DAY_MS) * limit) % items.length;
  return Array.from({ length: limit }, (_, at) => items[(start + at) % items.length]).filter(
    (item) => item !== undefined,
  );
}

/** Whether values are the same in JSON, which leaves out fields that are undefined. */
export function isSameJson(one: unknown, other: unknown): boolean {
  const [first, second] = [one, other].map((value): unknown => JSON.parse(JSON.stringify(value ?? null)));
  return isDeepStrictEqual(first, second);
}

/** The note of a count if only a sample was checked. */
export function sampleNote(checked: number, total: number): { checked: number; note?: string } {
  return {
    checked,
    ...(checked < total ? { note: 'a sample, a different one each day; --deep checks everything' } : {}),
  };
}

/** File of the catalog with the findings of the last run. */
const HEALTH_FILE = 'checks/doctor.json';

const MOST_RECORDED = 200;
const MOST_SHOWN = 50;

/** The findings of a run in the form that is recorded and printed. */
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

/** Writes the record for the page and the API, which is committed with the catalog. */
export function recordHealth(directory: string, health: Health): void {
  addFiles(directory, [{ path: HEALTH_FILE, content: formatJson(health), replace: true }]);
}

/** The findings as Markdown, for a terminal, a job's summary and an issue. */
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
      ({ name, checked, total, note = '' }) => `Checked ${checked} of ${total}: ${name} (${note}).`,
    ),
  ].join('\n');
}

/** One sentence with the counts. */
export function summaryText({
  problems,
  warnings,
  checks,
}: Pick<Health, 'problems' | 'warnings' | 'checks'>): string {
  if (problems + warnings === 0)
    return `Catalog, registry and site agree: ${checks.length} checks, no findings.`;
  return `${formatNumber(problems, 'problem')} and ${formatNumber(warnings, 'warning')} were found in ${checks.length} checks.`;
}

function lineOf({ severity, where, expected, found, advice, fixed }: Finding): string {
  const lead = fixed ? 'fixed' : severity;
  return `- ${lead}: ${escapeMarkdown(where)}: expected ${escapeMarkdown(expected)}, found ${escapeMarkdown(found)}; ${advice}`;
}
