import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';

const Workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({
      name: z.string().default(''),
      needs: z.union([z.string(), z.array(z.string())]).default([]),
      if: z.unknown().optional(),
      outputs: z.record(z.string(), z.string()).default({}),
      steps: z.array(z.unknown()).optional(),
    }),
  ),
});

/**
 * Simulates "Re-run failed jobs", which act does not support: replaces each successful job of `build.yml` by
 * one that does nothing and has the same outputs. Source: "Re-running workflows and jobs" in GitHub's
 * documentation: "When you re-run failed jobs or a specific job, GitHub also re-runs the jobs that depend on
 * them. Jobs that aren't included keep their outputs from the previous attempt".
 * @param work checkout of the commit of the first attempt
 * @param log act's output of the previous attempt
 * @param attempt number of the new attempt
 */
export function keepSucceeded(work: string, log: string, attempt: number): void {
  const file = join(work, '.github/workflows/build.yml');
  const document = parseDocument(readFileSync(file, 'utf8'));
  const workflow = Workflow.parse(document.toJS());
  const hasEnded = (id: string, how: string): boolean =>
    linesOf(log, workflow.jobs[id]?.name ?? '').some((line) => line.includes(`Job ${how}`));
  const runsAgain = (id: string): boolean =>
    hasEnded(id, 'failed') || [workflow.jobs[id]?.needs ?? []].flat().some(runsAgain);
  const kept = Object.entries(workflow.jobs).filter(
    ([id, { steps }]) => steps && hasEnded(id, 'succeeded') && !runsAgain(id),
  );
  for (const [id, job] of kept) {
    const lines = linesOf(log, job.name);
    const said = new Map(
      lines.flatMap((line) => {
        const [, name, value] = /::set-output:: ([\w-]+)=(.*)$/.exec(line) ?? [];
        return name === undefined ? [] : [[name, value ?? '']];
      }),
    );
    const outputs = Object.entries(job.outputs).map(([name, expression]) => [
      name,
      expression
        .replaceAll(/\$\{\{ steps\.[\w-]+\.outputs\.([\w-]+) \}\}/g, (_, of: string) => said.get(of) ?? '')
        .replaceAll('${{ github.run_attempt }}', String(attempt)),
    ]);
    document.setIn(['jobs', id], {
      ...{ name: job.name.replaceAll(/\$\{\{.*?\}\}/g, 'as before'), 'runs-on': 'ubuntu-24.04' },
      needs: job.needs,
      ...(job.if === undefined ? {} : { if: job.if }),
      outputs: Object.fromEntries(outputs),
      steps: [{ run: 'echo "ended well in an earlier attempt"' }],
    });
  }
  writeFileSync(file, String(document));
}

/** Lines of a job in act's output: `[Build specs/Build/Build 0 for x86_64_v3   ] …`. */
function linesOf(log: string, name: string): string[] {
  const pattern = name
    .split(/\$\{\{.*?\}\}/)
    .map((part) => RegExp.escape(part))
    .join('[^\\]]*');
  const line = new RegExp(`^\\[[^\\]]*/${pattern}(?:-\\d+)?\\s*\\]`);
  return log.split('\n').filter((each) => line.test(each));
}
