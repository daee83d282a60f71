import prettyBytes from 'pretty-bytes';

/** A human-readable size with three digits, decimal as disks and GitHub count: `9.13 MB`. */
export function formatSize(bytes: number): string {
  return prettyBytes(bytes, { nonBreakingSpace: true });
}

const COUNT = new Intl.NumberFormat('en');

/** A count: `1,204`. */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** A count and its noun: `1 build`, `1,204 builds`. */
export function formatNumber(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** The first names of a list and the number of others: `a, b and 3 more`. */
export function formatList(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** A day in milliseconds. */
export const DAY_MS = 86_400_000;

/** A time in UTC and whole seconds, in the format of all records: `2026-11-23T09:30:00Z`. */
export function isoSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The day of a date, in UTC: `23 Nov 2026`. */
export function formatDate(date: string): string {
  const day = new Date(date);
  return `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()] ?? ''} ${day.getUTCFullYear()}`;
}

/** The first characters of a DAG hash, as `spack find -l` shows it. */
export function shortHash(hash: string): string {
  return hash.slice(0, 7);
}

/** Whether a text is a whole commit, rather than a tag or a branch. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** A commit shortened the way git does; a version is unchanged. */
export function shortCommit(commit: string): string {
  return isCommit(commit) ? commit.slice(0, 10) : commit;
}

/** A fingerprint in groups of four, as gpg shows it. */
export function formatFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(/(.{4})(?=.)/g, '$1 ');
}

/** A month such as `2026-11` in readable form: `Nov 2026`. */
export function formatMonth(month: string): string {
  const [year = '', number = ''] = month.split('-');
  return `${MONTHS[Number(number) - 1] ?? ''} ${year}`;
}

/** The month of a date in UTC: `2026-11`. */
export function monthOf(date: string): string {
  return date.slice(0, 'yyyy-mm'.length);
}

/** A duration in at most two units: `0.4 s`, `2 min 5 s`, `3 h 20 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}\u00a0s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}\u00a0s`;
  const parts =
    whole < 3_600
      ? [`${Math.floor(whole / 60)}\u00a0min`, whole % 60 > 0 && `${whole % 60}\u00a0s`]
      : [
          `${formatCount(Math.floor(whole / 3_600))}\u00a0h`,
          Math.floor((whole % 3_600) / 60) > 0 && `${Math.floor((whole % 3_600) / 60)}\u00a0min`,
        ];
  return parts.filter(Boolean).join(' ');
}
