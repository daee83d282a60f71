import { Failure } from '../../schemas/failure.ts';

type Kind = Failure['kind'];

/** What the guide says of a kind of failure; texts may have `code` in backticks. */
export interface Advice {
  happened: string;
  todo: string;
}

/**
 * Reads the table "kind, what happened, what to do" of the guide's page on failures: the one place that has it. Throws
 * where a kind has no row.
 */
export function parseAdvice(guide: string): Map<Kind, Advice> {
  const rows = [...guide.matchAll(/^\| `(\w+)` \| (.+?) \| (.+?) \|$/gm)];
  const advice = new Map(rows.map(([, kind, happened = '', todo = '']) => [kind, { happened, todo }]));
  return new Map(
    Failure.shape.kind.options.map((kind) => {
      const text = advice.get(kind);
      if (!text)
        throw new Error(
          `site/pages/guide/failures.md: the table of kinds has no row for \`${kind}\`; add one`,
        );
      return [kind, text];
    }),
  );
}
