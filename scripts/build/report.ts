import type { BuildRecord } from '../../site/schemas/build-record.ts';
import type { BuildInputs } from '../../site/schemas/build-request.ts';
import { describeRequest } from '../concretize/report.ts';
import { addSummary, annotate, escapeMarkdown } from '../github/actions.ts';

/** Shows people what became of a build: summary, annotations, and a last line with the counts. */
export function reportBuild({ request }: BuildInputs, { built, reused, failures }: BuildRecord): void {
  const what = describeRequest(request);
  for (const { spec, kind, phase } of failures) {
    annotate('warning', `${spec.slice(0, 200)}: ${kind}${phase === undefined ? '' : ` (phase ${phase})`}`);
  }
  const rows = failures.map(
    ({ spec, kind, phase, line, log }) =>
      `| ${escapeMarkdown(spec.slice(0, 300))} | ${kind} | ${escapeMarkdown(phase ?? '')} | ${escapeMarkdown((line ?? log.at(-1) ?? '').slice(0, 300))} |`,
  );
  const table =
    rows.length === 0
      ? []
      : ['', '| failed | kind | phase | what it said |', '| --- | --- | --- | --- |', ...rows];
  const counts = `${built.length} built, ${reused.length} taken from this cache, ${failures.length} failed`;
  addSummary(
    [`### ${escapeMarkdown(what)} for ${escapeMarkdown(request.target)}`, '', counts, ...table].join('\n'),
  );
  console.error(`${what}: ${counts}`);
}
