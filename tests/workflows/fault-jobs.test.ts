import { expect, test } from 'vitest';
import { JOBS, type JobName, type JobProgress, type JobStep } from '../faults/jobs.ts';
import { readWorkflowJob } from '../faults/workflow-jobs.ts';

/** The jobs whose requests and writes meet faults are those of the workflows. */

/** No request of it is to GitHub: what it downloads is checked by its digest. */
const SPARED = ['scripts/install-oras.ts'];

test.each(Object.keys(JOBS) as JobName[])('%s runs the scripts of its workflow, in their order', (job) => {
  const own: readonly JobStep[] = JOBS[job];
  const wanted = readWorkflowJob(job).steps.filter(({ script }) => !SPARED.includes(script));
  // A choice by hand is not checked again, and pruning says first what it would do where it is not to do it.
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
