import { describe, expect, test } from 'vitest';
import { eventPayload } from '../world/github-events.ts';
import { LANES, MAX_WAVES } from '../../site/schemas/build-request.ts';
import {
  jobsOf,
  listWorkflows,
  readWorkflow,
  runWorkflow,
  stepsOf,
  type Outcome,
  type World,
} from './workflows.ts';

/**
 * Tests which jobs, and which steps of the publish job, run for every kind of run, without starting any job.
 */

/** State of a repository at a run. */
interface Repository {
  hasPages?: boolean;
  isPrivate?: boolean;
  isFork?: boolean;
  /** Branch of the run; main is the default branch. */
  branch?: string;
}

/** Outputs of Choose on the default branch of a public repository. */
const CHOSEN = {
  count: '1',
  targets: '[]',
  requests: '[]',
  run: '1-a',
  publish: 'true',
  private: 'false',
  retention: '7',
};

/** Matrices of the jobs in a wave. */
const SOME = { include: [{ index: 0 }] };
const NONE = { include: [] };
const ONE_JOB = JSON.stringify([{ next: SOME, long: NONE, longer: NONE, last: NONE }]);
const NO_JOB = JSON.stringify([{ next: NONE, long: NONE, longer: NONE, last: NONE }]);

const BUILT: Record<string, Outcome> = {
  'build/choose': { outputs: CHOSEN },
  'build/plan': { outputs: { count: '1', work: 'true', matrix: '{}', jobs: ONE_JOB } },
  'build/publish': { outputs: { committed: '5' } },
};
/** Outcome for random packages that are all cached, or without environments. */
const NOTHING_CHOSEN: Record<string, Outcome> = {
  'build/choose': { outputs: { ...CHOSEN, count: '0' } },
  'build/concretize': { result: 'skipped' },
  'build/plan': { result: 'skipped' },
};
/** Outcome if everything requested is cached. */
const NOTHING_TO_BUILD = {
  ...BUILT,
  'build/plan': { outputs: { count: '0', work: 'false', matrix: '{}', jobs: NO_JOB } },
};
/** Outcome if nothing could be concretized: there are only failures to record. */
const NO_SOLUTION = {
  ...BUILT,
  'build/plan': { outputs: { count: '0', work: 'true', matrix: '{}', jobs: NO_JOB } },
};
const ONE_BUILD_FAILS = { ...BUILT, 'build/build': { result: 'failure' as const } };
/** Outcome if a step after the commit failed. */
const PUBLISH_FAILS = {
  ...BUILT,
  'build/publish': { result: 'failure' as const, outputs: { committed: '4' } },
};
const PUBLISH_FAILS_AT_ONCE = { ...BUILT, 'build/publish': { result: 'failure' as const } };

const UP_TO_BUILD = ['build/choose', 'build/concretize', 'build/plan', 'build/build'];
const ALL = [...UP_TO_BUILD, 'build/publish', 'build/deploy'];

const EVENTS = { push: 'push', dispatch: 'workflow_dispatch', schedule: 'schedule' } as const;

/** Context `github` for an event. */
function githubOf(
  event: keyof typeof EVENTS,
  { hasPages = true, isPrivate = false, isFork = false, branch = 'main' }: Repository,
) {
  const name = EVENTS[event];
  return {
    event_name: name,
    ref: `refs/heads/${branch}`,
    ref_name: branch,
    event: eventPayload(name, { hasPages, isPrivate, isFork, branch }),
  };
}

const REPOSITORIES: Repository[] = [true, false].flatMap((hasPages) =>
  [true, false].flatMap((isPrivate) => [true, false].map((isFork) => ({ hasPages, isPrivate, isFork }))),
);

test('GitHub accepts every workflow', async () => {
  for (const name of listWorkflows()) expect((await readWorkflow(name)).errors ?? [], name).toEqual([]);
});

describe.each([
  ['manual.yml', 'dispatch', {}],
  ['environment.yml', 'dispatch', {}],
  ['scheduled.yml', 'dispatch', {}],
  ['scheduled.yml', 'schedule', { SCHEDULED_BUILDS: 'true' }],
] as const)('%s, started by %s', (workflow, event, vars) => {
  test.each(REPOSITORIES)('runs the same jobs in any repository: %o', async (repository) => {
    const github = githubOf(event, repository);
    const run = async (outcomes: Record<string, Outcome>): Promise<string[]> =>
      jobsOf(await runWorkflow(workflow, { github, vars, outcomes }));
    expect(await run(BUILT)).toEqual(ALL);
    expect(await run(NOTHING_CHOSEN)).toEqual(['build/choose', 'build/deploy']);
    expect(await run(NOTHING_TO_BUILD)).toEqual([
      'build/choose',
      'build/concretize',
      'build/plan',
      'build/deploy',
    ]);
    expect(await run(NO_SOLUTION)).toEqual(ALL.filter((path) => path !== 'build/build'));
    expect(await run(ONE_BUILD_FAILS)).toEqual(ALL);
    expect(await run(PUBLISH_FAILS)).toEqual(ALL);
    expect(await run(PUBLISH_FAILS_AT_ONCE)).toEqual(ALL);
  });

  test('stops at once when choosing fails, and when somebody cancels it', async () => {
    const github = githubOf(event, {});
    const run = await runWorkflow(workflow, {
      github,
      vars,
      outcomes: { 'build/choose': { result: 'failure' } },
    });
    expect(jobsOf(run)).toEqual(['build/choose']);
    expect(jobsOf(await runWorkflow(workflow, { github, vars, isCancelled: true, outcomes: BUILT }))).toEqual(
      [],
    );
  });

  test('continues with the targets that could be concretized', async () => {
    const outcomes = { ...BUILT, 'build/concretize': { result: 'failure' as const } };
    expect(jobsOf(await runWorkflow(workflow, { github: githubOf(event, {}), vars, outcomes }))).toEqual(ALL);
  });
});

test.each(REPOSITORIES)(
  'an environment that is pushed is built, with Pages on or off, but not in a fork: %o',
  async (repository) => {
    const run = await runWorkflow('environment.yml', {
      github: githubOf('push', repository),
      outcomes: BUILT,
    });
    expect(jobsOf(run)).toEqual(repository.isFork ? [] : ALL);
  },
);

test.each([[{}], [{ SCHEDULED_BUILDS: '' }], [{ SCHEDULED_BUILDS: 'false' }]])(
  'a schedule does nothing until the owner enables it: %o',
  async (vars) => {
    const run = await runWorkflow('scheduled.yml', {
      github: githubOf('schedule', {}),
      vars,
      outcomes: BUILT,
    });
    expect(jobsOf(run)).toEqual([]);
  },
);

describe('prune.yml', () => {
  const PRUNED = { prune: { outputs: { committed: '3' } } };
  const run = async (
    event: keyof typeof EVENTS,
    {
      vars = {},
      outcomes = PRUNED,
      branch = 'main',
    }: Partial<Pick<World, 'vars' | 'outcomes'>> & Repository = {},
  ): Promise<string[]> =>
    jobsOf(await runWorkflow('prune.yml', { github: githubOf(event, { branch }), vars, outcomes }));

  test('started by hand, it prunes only the default branch, and deploys its commits', async () => {
    expect(await run('dispatch')).toEqual(['prune', 'deploy']);
    expect(await run('dispatch', { branch: 'try' })).toEqual([]);
    expect(await run('dispatch', { outcomes: { prune: { outputs: { committed: '0' } } } })).toEqual([
      'prune',
    ]);
    // Changes committed before the failure are deployed.
    const failed = { prune: { result: 'failure' as const, outputs: { committed: '3' } } };
    expect(await run('dispatch', { outcomes: failed })).toEqual(['prune', 'deploy']);
    expect(await run('dispatch', { outcomes: { prune: { result: 'failure' } } })).toEqual(['prune']);
  });

  test('a schedule, whose event has no repository, does nothing until the owner enables it', async () => {
    expect(await run('schedule')).toEqual([]);
    expect(await run('schedule', { vars: { MONTHLY_PRUNE: 'false' } })).toEqual([]);
    expect(await run('schedule', { vars: { MONTHLY_PRUNE: 'true' } })).toEqual(['prune', 'deploy']);
  });

  test.each([
    ['dispatch', undefined, ['List what would be removed']],
    ['dispatch', false, ['List what would be removed']],
    ['dispatch', true, ['Prune', 'Commit']],
    ['schedule', undefined, ['Prune', 'Commit']],
  ] as const)('started by %s with apply: %s it does what it says', async (event, apply, expected) => {
    const world = { github: githubOf(event, {}), inputs: apply === undefined ? {} : { apply } };
    const steps = await stepsOf('prune.yml', 'prune', world);
    expect(steps.slice(steps.indexOf('Log in to the registry') + 1)).toEqual(expected);
  });
});

test('newer releases are looked for by hand, and on schedule once the owner enables it', async () => {
  const FOUND = {
    look: { outputs: { artifact: 'proposal-1' } },
    read: { outputs: { artifact: 'recipes-1' } },
  };
  const run = async (
    event: keyof typeof EVENTS,
    vars = {},
    outcomes: Record<string, Outcome> = FOUND,
  ): Promise<string[]> =>
    jobsOf(await runWorkflow('newer-releases.yml', { github: githubOf(event, {}), vars, outcomes })).sort();
  const all = ['look', 'propose', 'read', 'record'];
  expect(await run('dispatch')).toEqual(all);
  expect(await run('dispatch', {}, {})).toEqual(['look', 'read']);
  // Each continues without the other.
  expect(await run('dispatch', {}, { ...FOUND, look: { result: 'failure' } })).toEqual([
    'look',
    'read',
    'record',
  ]);
  expect(await run('schedule')).toEqual([]);
  expect(await run('schedule', { SCHEDULED_BUILDS: 'true' })).toEqual(all);
});

test('builds are rebuilt by hand only for the default branch; only a successful build is compared', async () => {
  const run = async (outcomes: Record<string, Outcome>, branch = 'main'): Promise<string[]> =>
    jobsOf(await runWorkflow('challenge.yml', { github: githubOf('dispatch', { branch }), outcomes }));
  const RECORDED = { record: { outputs: { committed: '2' } } };
  expect(await run(RECORDED)).toEqual(['plan', 'build', 'record', 'deploy']);
  expect(await run(RECORDED, 'try')).toEqual([]);
  expect(await run({ record: { outputs: { committed: '0' } } })).toEqual(['plan', 'build', 'record']);
  expect(await run({ ...RECORDED, build: { result: 'failure' } })).toEqual(['plan', 'build']);
});

test('a dry run checks, publishes nothing and deploys nothing', async () => {
  const github = githubOf('dispatch', {});
  const run = await runWorkflow('manual.yml', { github, inputs: { deploy: false }, outcomes: BUILT });
  expect(jobsOf(run)).toEqual([...UP_TO_BUILD, 'build/preview']);
});

test('a run for another branch builds and checks, publishes nothing, and deploys nothing', async () => {
  const github = githubOf('dispatch', { branch: 'try' });
  const outcomes = { ...BUILT, 'build/choose': { outputs: { ...CHOSEN, publish: 'false' } } };
  expect(jobsOf(await runWorkflow('manual.yml', { github, outcomes }))).toEqual([
    ...UP_TO_BUILD,
    'build/preview',
  ]);
  expect(jobsOf(await runWorkflow('deploy.yml', { github }))).toEqual(['elsewhere']);
});

test.each(REPOSITORIES)('a change of the site is deployed once Pages is on: %o', async (repository) => {
  const run = async (event: keyof typeof EVENTS): Promise<string[]> =>
    jobsOf(await runWorkflow('deploy.yml', { github: githubOf(event, repository) }));
  expect(await run('push')).toEqual(repository.hasPages ? ['deploy', 'report'] : []);
  expect(await run('dispatch')).toEqual(['deploy', 'report']);
});

test('a deployment that fails is reported, one that is cancelled is not', async () => {
  const github = githubOf('push', {});
  const failed = await runWorkflow('deploy.yml', { github, outcomes: { deploy: { result: 'failure' } } });
  expect(jobsOf(failed)).toEqual(['deploy', 'report']);
  expect(jobsOf(await runWorkflow('deploy.yml', { github, isCancelled: true }))).not.toContain('report');
});

describe('the weekly check', () => {
  const outcomes = { examine: { outputs: { committed: '1' } } };
  const run = async (event: keyof typeof EVENTS, vars = {}, repository: Repository = {}): Promise<string[]> =>
    jobsOf(await runWorkflow('doctor.yml', { github: githubOf(event, repository), vars, outcomes }));

  test('runs on schedule once the owner enables it, by hand for the default branch, and shows its findings', async () => {
    expect(await run('schedule')).toEqual([]);
    expect(await run('schedule', { SCHEDULED_BUILDS: 'true' })).toEqual(['examine', 'deploy']);
    expect(await run('dispatch')).toEqual(['examine', 'deploy']);
    expect(await run('dispatch', {}, { branch: 'try' })).toEqual([]);
  });

  test('commits and reports its findings, above all when there are problems', async () => {
    const steps = (result: Outcome['result'] = 'success', isCancelled = false): Promise<string[]> =>
      stepsOf('doctor.yml', 'examine', {
        github: githubOf('dispatch', {}),
        isCancelled,
        outcomes: { examine: { result } },
      });
    const last = ['Examine', 'Commit the result', 'Open or close an issue'];
    expect((await steps()).slice(-3)).toEqual(last);
    expect((await steps('failure')).slice(-3)).toEqual(last);
    expect(await steps('success', true)).toEqual([]);
    const failed = { examine: { result: 'failure' as const, outputs: { committed: '1' } } };
    const github = githubOf('dispatch', {});
    expect(jobsOf(await runWorkflow('doctor.yml', { github, outcomes: failed }))).toEqual([
      'examine',
      'deploy',
    ]);
  });
});

describe('the template’s own tests', () => {
  const run = async (event: Record<string, unknown>, vars = {}): Promise<string[]> => {
    const { is_template: isTemplate = false, event_name: name = 'push' } = event;
    const github = { event_name: String(name), event: { repository: { is_template: isTemplate === true } } };
    return jobsOf(await runWorkflow('ci.yml', { github, vars }));
  };

  test('run on every change of the template', async () => {
    expect(await run({ is_template: true })).toEqual(['test']);
    expect(await run({ is_template: true, event_name: 'pull_request' })).toEqual(['test']);
  });

  test('do not run in a copy, on its first push or later, until they are requested', async () => {
    expect(await run({})).toEqual([]);
    expect(await run({ event_name: 'pull_request' })).toEqual([]);
    expect(await run({ event_name: 'workflow_dispatch' })).toEqual(['test']);
    expect(await run({}, { TEMPLATE_TESTS: 'true' })).toEqual(['test']);
    expect(await run({}, { TEMPLATE_TESTS: 'false' })).toEqual([]);
  });
});

test.each(['publish', 'deploy', 'continue'])(
  '%s finds out where the site is before it reads it',
  async (job) => {
    const github = githubOf('dispatch', {});
    const names = await stepsOf('build.yml', job, { github, needs: { choose: CHOSEN } });
    const place = names.indexOf("Look up the site's address");
    expect(place).toBeGreaterThan(0);
    expect(place).toBeLessThan(
      names.findIndex((name) => /^(Check, push and sign|Start (deploy\.yml|the next run) )/.test(name)),
    );
  },
);

describe('the job that publishes', () => {
  const RECEIVED = { published: '2', subjects: '3' };
  const steps = (
    outputs: Record<string, string>,
    isPrivate = false,
    result: Outcome['result'] = 'success',
  ): Promise<string[]> =>
    stepsOf('build.yml', 'publish', {
      github: githubOf('dispatch', { isPrivate }),
      needs: { choose: { ...CHOSEN, private: String(isPrivate) } },
      outcomes: { receive: { result, outputs } },
    });
  const RECORD = 'Record settings files for consumers to include';
  const ATTEST = './.github/actions/attest';

  test('all steps run when builds were published', async () => {
    expect((await steps(RECEIVED)).slice(-4)).toEqual(['Check, push and sign', RECORD, ATTEST, 'Commit']);
  });

  test('a private repository attests nothing', async () => {
    expect((await steps(RECEIVED, true)).slice(-3)).toEqual(['Check, push and sign', RECORD, 'Commit']);
  });

  test('without new builds, failures are committed, and settings that an earlier attempt has not recorded', async () => {
    expect((await steps({ published: '0', subjects: '0' })).slice(-3)).toEqual([
      'Check, push and sign',
      RECORD,
      'Commit',
    ]);
  });

  test('pushed builds are committed even if others failed', async () => {
    expect((await steps(RECEIVED, false, 'failure')).slice(-3)).toEqual([RECORD, ATTEST, 'Commit']);
  });

  test('nothing is committed when the check ended before any push', async () => {
    expect((await steps({}, false, 'failure')).at(-1)).toBe('Check, push and sign');
  });
});

describe('a run in waves', () => {
  const github = githubOf('dispatch', {});
  const JOBS = [
    { next: SOME, long: SOME, longer: SOME, last: SOME },
    { next: SOME, long: NONE, longer: NONE, last: SOME },
    { next: SOME, long: NONE, longer: NONE, last: NONE },
    { next: SOME, long: NONE, longer: NONE, last: NONE },
  ];
  const IN_WAVES = {
    ...BUILT,
    'build/plan': {
      outputs: { count: '9', work: 'true', matrix: '{}', jobs: JSON.stringify(JOBS), waves: '4' },
    },
  };
  const FIRST = ['build/long-1/build', 'build/longer-1/build', 'build/last-1/build'];
  const SECOND = ['build/check-2/check', 'build/wave-2/build', 'build/last-2/build'];
  const THIRD = ['build/check-3/check', 'build/wave-3/build', 'build/check-4/check', 'build/wave-4/build'];
  const END = ['build/publish', 'build/deploy'];
  const inWaves = async (outcomes: Record<string, Outcome>): Promise<string[]> =>
    jobsOf(await runWorkflow('manual.yml', { github, outcomes: { ...IN_WAVES, ...outcomes } })).sort();

  test('exactly the planned waves run, each with its jobs', async () => {
    expect(await inWaves({})).toEqual([...UP_TO_BUILD, ...FIRST, ...SECOND, ...THIRD, ...END].sort());
  });

  test('a failed build in one wave does not end others', async () => {
    for (const job of ['build/build', 'build/long-1/build', 'build/last-1/build', 'build/wave-2/build'])
      expect(await inWaves({ [job]: { result: 'failure' } })).toEqual(
        [...UP_TO_BUILD, ...FIRST, ...SECOND, ...THIRD, ...END].sort(),
      );
  });

  test('a wave whose check fails builds nothing, and earlier builds are published', async () => {
    expect(await inWaves({ 'build/check-2/check': { result: 'failure' } })).toEqual(
      [...UP_TO_BUILD, ...FIRST, 'build/check-2/check', ...THIRD, ...END].sort(),
    );
  });

  test('the next run builds what waits, for environments and for lists', async () => {
    const ended = (specs: string, waiting: string) =>
      inWaves({
        'build/publish': { outputs: { committed: '5', published: '5', waiting, 'waiting-specs': specs } },
      });
    expect(await ended('["hdf5"]', '3')).toContain('build/continue');
    expect(await ended('[]', '3')).not.toContain('build/continue');
    expect(await ended('["hdf5"]', '0')).not.toContain('build/continue');
  });

  test('each wave waits for the jobs that its plan relies on, and publishing for all jobs', async () => {
    const { jobs } = await readWorkflow('build.yml');
    const needs = new Map(jobs.map((job) => [job.id.value, (job.needs ?? []).map(({ value }) => value)]));
    const needsOf = (job: string): string[] => needs.get(job) ?? [];
    const waves = Array.from({ length: MAX_WAVES }, (_, wave) => wave + 1);
    const wave = (number: number): string => (number === 1 ? 'build' : `wave-${number}`);
    const named = (lane: string, number: number): string =>
      lane === 'next' ? wave(number) : `${lane}-${number}`;
    for (const number of waves.slice(1)) {
      const before = number > 2 ? [`check-${number - 1}`] : [];
      const due = Object.entries(LANES).flatMap(([lane, later]) =>
        number > later ? named(lane, number - later) : [],
      );
      expect(needsOf(`check-${number}`).sort()).toEqual(['plan', ...before, ...due].sort());
      for (const job of Object.keys(LANES).map((lane) => named(lane, number)))
        if (needs.has(job)) expect(needsOf(job)).toEqual(['plan', `check-${number}`]);
    }
    // Builds of the last waves are due before the last one, or needed by none.
    const builds = Object.entries(LANES).flatMap(([lane, later]) =>
      waves
        .filter((number) => lane === 'next' || number + (Number.isFinite(later) ? later : 1) <= MAX_WAVES)
        .map((number) => named(lane, number)),
    );
    for (const job of ['publish', 'preview'])
      expect(needsOf(job).sort()).toEqual(['choose', 'plan', ...builds].sort());
  });
});

test('a failed build uploads what it has, a cancelled one nothing', async () => {
  const github = githubOf('dispatch', {});
  const upload = /^actions\/upload-artifact@/;
  expect((await stepsOf('build.yml', 'build', { github })).at(-1)).toMatch(upload);
  const cancelled = await stepsOf('build.yml', 'build', { github, isCancelled: true });
  expect(cancelled).toEqual([]);
});
