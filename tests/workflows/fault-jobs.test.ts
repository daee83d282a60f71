import { expect, test } from 'vitest';
import { JOBS, type JobName, type JobProgress, type JobStep } from '../faults/jobs.ts';
import { readWorkflowJob } from '../faults/workflow-jobs.ts';

/** Tests that the jobs of the fault tests are those of the workflows. */

/** Scripts without requests to GitHub; downloads are checked by their digest. */
const SPARED = ['scripts/install-oras.ts'];

/** Jobs of a workflow; `import` is a command of owners. */
const OF_WORKFLOWS = (Object.keys(JOBS) as JobName[]).filter((job) => job !== 'import');

test.each(OF_WORKFLOWS)('%s runs the scripts of its workflow in order', (job) => {
  const own: readonly JobStep[] = JOBS[job];
  const wanted = readWorkflowJob(job).steps.filter(({ script }) => !SPARED.includes(script));
  // Typed specs are not checked again, and prune prints its plan only when it does not apply it.
  const skipped = { type: ['scripts/check-setup.ts'], prune: ['scripts/prune.ts'] };
  for (const script of skipped[job as keyof typeof skipped] ?? [])
    wanted.splice(
      wanted.findIndex((step) => step.script === script),
      1,
    );
  const steps = own.filter(({ isSpared }) => !isSpared);
  expect(steps.map(({ script }) => script)).toEqual(wanted.map(({ script }) => script));

  const failed: JobProgress = {
    ...{ job, attempt: 1, committed: '', isGreen: false, isLost: false, isCutOff: false },
    outputs: { published: '1', missing: '1' },
  };
  expect(steps.map(({ when }) => when?.(failed) ?? failed.isGreen)).toEqual(
    wanted.map(({ runsAfterFailure }) => runsAfterFailure),
  );
});
