import { escapeUnsafe } from '../../site/schemas/safe-text.ts';
import type { HealthCheck, Finding, Subject } from '../../site/schemas/checks/health.ts';
import { describeError } from '../cli/command.ts';
import { KINDS, type FindingCode } from './kinds.ts';

/** Something that puts a disagreement right and can lose nothing. */
export type Fix = () => Promise<void>;

/** A disagreement as a check reports it; the rest follows from its kind. */
export interface Disagreement extends Pick<Finding, 'where' | 'expected' | 'found'> {
  /** Instead of the usual advice of the kind. */
  advice?: string;
  fix?: Fix;
}

/** What one run finds. */
export class Diagnosis {
  readonly checks: HealthCheck[] = [];
  readonly #found: { finding: Finding; fix: Fix | undefined }[] = [];

  /** Problems first, then in the order in which they were found. */
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

  /** Notes how much was looked at: of `total`, all unless `checked` says otherwise. */
  count(
    subject: Subject,
    name: string,
    total: number,
    { checked = total, note }: { checked?: number; note?: string } = {},
  ): void {
    this.checks.push({ subject, name, checked, total, ...(note === undefined ? {} : { note }) });
  }

  /** Puts right what can be, one after the other; what fails stays a finding and says why. */
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

/** Text from anywhere, in one line and no longer than the record takes. */
function shown(text: string, limit: number): string {
  const line = escapeUnsafe(text.replaceAll(/\s*\n\s*/g, ' '));
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
