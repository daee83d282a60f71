import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type JobName = keyof typeof JOBS;

/** Progress of a job. */
export interface JobProgress {
  job: JobName;
  /** Number of the attempt; a re-run increases it. */
  attempt: number;
  /** COMMITTED of the previous job. */
  committed: string;
  /** Whether none of its steps has failed. */
  isGreen: boolean;
  /** Whether its runner is lost: no further step runs. */
  isLost: boolean;
  /** Whether one of its steps was killed and could not report what it had done. */
  isCutOff: boolean;
  outputs: Record<string, string>;
}

/** Environment of a step. */
export interface Surroundings {
  /** The job's checkout. */
  work: string;
  /** Folder that keeps artifacts between jobs. */
  uploads: string;
  /** Address of another cache. */
  source: string;
  /** Folder from which the site is served. */
  pages: string;
  /** Plans of the run whose builds are published. */
  plans: string;
  /** Matrix of the jobs, for receive. */
  matrix: string;
  /** The same matrix with a job of a second wave that uses the builds of the first. */
  waves: string;
  progress: JobProgress;
}

/** One step of a job. */
export interface JobStep {
  /** A script of the project. */
  script: string;
  args?: (around: Surroundings) => string[];
  env?: (around: Surroundings) => Record<string, string>;
  /** Condition of the step (default: as on GitHub, when no earlier step has failed). */
  when?: (progress: JobProgress) => boolean;
  /** Work outside the script, before it and after its success. */
  before?: (around: Surroundings) => void;
  after?: (around: Surroundings) => void;
  /** Work after it in any case, like an upload with `if: always`. */
  always?: (around: Surroundings) => void;
  /** Whether to inject no faults: for a step of another job or of an action. */
  isSpared?: boolean;
}

const login: JobStep = { script: 'scripts/login.ts' };
const copyPlans = ({ work, plans }: Surroundings): void =>
  cpSync(plans, join(work, 'plans'), { recursive: true });
/** Discards outputs of a step: the job's outputs are those of earlier steps, which have an id. */
const withoutOutputs = ({ work }: Surroundings): Record<string, string> => ({
  GITHUB_OUTPUT: join(work, '.work/no-output'),
});
/** Whether the registry has lost an image. */
const isIncomplete = ({ outputs }: JobProgress): boolean => Number(outputs['missing'] ?? 0) > 0;
const askSite: JobStep = { script: 'scripts/configure.ts', env: () => ({ SITE_URL: '' }) };
/** Specs that the recorded Spack knows; see tests/rehearse/recorded-spack. */
const SPECS = 'trial-tool fails-configure';

/**
 * Steps of each job with the conditions in the workflows; tests/workflows/fault-jobs.test.ts compares them.
 */
export const JOBS = {
  choose: [
    { script: 'scripts/check-setup.ts' },
    {
      script: 'scripts/choose.ts',
      args: () => ['scheduled', '--count', '2', '--target', 'x86_64_v3'],
    },
  ],
  // First job of a run of typed specs; in the workflow `concretize`, `plan` and `build` follow.
  type: [
    {
      script: 'scripts/choose.ts',
      args: () => ['manual', '--specs', SPECS, '--target', 'x86_64_v3'],
      after: ({ uploads, progress }) => {
        writeFileSync(join(uploads, 'requests.json'), progress.outputs['requests'] ?? '');
      },
    },
  ],
  concretize: [
    {
      script: 'scripts/concretize.ts',
      args: ({ uploads }) => ['--requests', join(uploads, 'requests.json'), '--out', 'solved/x86_64_v3'],
      after: (around) => upload(around, 'solved'),
    },
  ],
  plan: [
    {
      script: 'scripts/gather.ts',
      args: () => ['--from', 'solved', '--out', 'plans'],
      before: (around) => download(around, 'solved'),
      after: (around) => {
        upload(around, 'plans');
        writeFileSync(join(around.uploads, 'typed-matrix.json'), around.progress.outputs['matrix'] ?? '');
      },
    },
  ],
  build: [
    {
      script: 'scripts/build.ts',
      args: ({ work }) => ['--plan', 'plans/0', '--out', 'built', '--root', join(work, 'software')],
      before: (around) => download(around, 'plans'),
      always: (around) => upload(around, 'built'),
    },
    // Publish handles the result, no matter how little there is.
    {
      script: 'scripts/receive.ts',
      when: () => true,
      args: ({ uploads }) => [
        '--plans=plans',
        `--matrix=${readFileSync(join(uploads, 'typed-matrix.json'), 'utf8')}`,
        '--artifacts=artifacts',
        '--registry=oci-layout:preview',
        '--catalog=preview-catalog',
        '--no-containers',
      ],
      before: (around) => {
        mkdirSync(join(around.work, 'artifacts'), { recursive: true });
        mkdirSync(join(around.work, 'preview-catalog'), { recursive: true });
        const built = join(around.uploads, 'built');
        if (existsSync(built)) cpSync(built, join(around.work, 'artifacts/build-0-1'), { recursive: true });
      },
      always: ({ work, uploads }) => {
        rmSync(join(uploads, 'previewed'), { recursive: true, force: true });
        cpSync(join(work, 'preview-catalog'), join(uploads, 'previewed'), { recursive: true });
      },
      isSpared: true,
    },
  ],
  // Job between two waves.
  check: [
    {
      script: 'scripts/hand-on.ts',
      args: ({ waves }) => ['--plans', 'plans', '--matrix', waves, '--wave', '2', '--out', 'checked'],
      before: copyPlans,
      after: (around) => upload(around, 'checked'),
    },
  ],
  publish: [
    { script: 'scripts/take-catalog.ts' },
    askSite,
    login,
    {
      script: 'scripts/receive.ts',
      args: ({ matrix }) => ['--plans', 'plans', '--matrix', matrix, '--subjects', 'subjects'],
      before: copyPlans,
    },
    {
      script: 'scripts/record-settings.ts',
      when: ({ outputs }) => Boolean(outputs['published']),
    },
    {
      script: 'scripts/commit.ts',
      args: ({ matrix }) => ['--plans', 'plans', '--matrix', matrix],
      when: ({ outputs }) => Boolean(outputs['published']),
    },
    { script: 'scripts/take-catalog.ts', when: isIncomplete, env: withoutOutputs },
    {
      script: 'scripts/receive.ts',
      when: isIncomplete,
      args: ({ matrix }) => ['--plans', 'plans', '--matrix', matrix],
      env: withoutOutputs,
    },
  ],
  start: [
    askSite,
    { script: 'scripts/start-deploy.ts', env: ({ progress }) => ({ COMMITTED: progress.committed }) },
  ],
  deploy: [
    login,
    { script: 'scripts/mirror.ts', before: buildSite },
    {
      script: 'scripts/sign-index.ts',
      after: ({ work, pages }) => {
        listViews(work);
        rmSync(pages, { recursive: true, force: true });
        cpSync(join(work, 'dist'), pages, { recursive: true });
      },
    },
    { script: 'scripts/check-live.ts', args: () => ['--minutes', '0.5', '--every', '1'] },
  ],
  failed: [{ script: 'scripts/issue.ts', args: () => ['--result', 'failure'] }],
  succeeded: [{ script: 'scripts/issue.ts', args: () => ['--result', 'success'] }],
  continue: [
    askSite,
    {
      script: 'scripts/continue.ts',
      env: () => ({ WAITING: '2', PUBLISHED: '1', ROUND: '0', ENVIRONMENT: 'stack' }),
    },
  ],
  // Commands of an owner, with the login and the commit of a workflow.
  import: [
    login,
    { script: 'scripts/import.ts', args: ({ source }) => [source, '--spec', 'libbsd'] },
    { script: 'scripts/commit.ts', args: () => ['--message', 'Import'] },
  ],
  refresh: [
    {
      script: 'scripts/refresh.ts',
      args: () => ['--record-from', 'recipes/recipes.json'],
      before: writeRecipes,
    },
    { script: 'scripts/commit.ts', args: () => ['--message', 'Record the newest recipes'] },
  ],
  prune: [
    login,
    { script: 'scripts/prune.ts', args: () => ['--apply'] },
    { script: 'scripts/commit.ts', args: () => ['--message', 'Prune'], when: () => true },
  ],
} satisfies Record<string, JobStep[]>;

/** Replaces the pages, which `astro build` creates without any request. */
function buildSite({ work }: Surroundings): void {
  const dist = join(work, 'dist');
  mkdirSync(join(dist, 'api'), { recursive: true });
  const tree = execFileSync('git', ['-C', work, 'rev-parse', 'HEAD^{tree}'], { encoding: 'utf8' }).trim();
  writeFileSync(join(dist, 'index.html'), '<!doctype html>');
  writeFileSync(join(dist, 'api/index.json'), JSON.stringify({ version: 1, endpoints: [], commit: tree }));
}

/** Writes what a job without write access has read from newer recipes. */
function writeRecipes({ work }: Surroundings): void {
  const builds = readdirSync(join(work, 'site/content/builds'), { recursive: true, encoding: 'utf8' });
  const hashes = builds.flatMap((path) => /-([a-z2-7]{32})\.json$/.exec(path)?.[1] ?? []);
  const recipe = {
    description: 'As newer recipes say.',
    homepage: '',
    licenses: [],
    tags: [],
    maintainers: [],
  };
  const deprecated = [{ version: '1.0', reason: 'old', severity: '', cves: [] }];
  mkdirSync(join(work, 'recipes'), { recursive: true });
  writeFileSync(
    join(work, 'recipes/recipes.json'),
    JSON.stringify({
      ...{ name: 'v2026.02.0', commit: 'c'.repeat(40), commitDate: '2025-11-20T00:00:00Z' },
      packages: ['gcc-runtime', 'lz4'].map((name) => ({ name, ...recipe, deprecated })),
      builds: { current: [], noNewer: hashes.sort(), older: [] },
    }),
  );
}

/** Writes the site's list of views, which `astro build` takes from the catalog. */
function listViews(work: string): void {
  const dist = join(work, 'dist');
  const found = readdirSync(join(dist, 'v3/manifests/index'), { withFileTypes: true });
  const views = found.filter((each) => each.isDirectory()).map(({ name }) => ({ name }));
  writeFileSync(join(dist, 'api/views.json'), JSON.stringify({ views }));
}

/**
 * Uploads a folder as an artifact, replacing that of an earlier attempt; does nothing if it does not exist.
 */
function upload({ work, uploads }: Surroundings, name: string): void {
  if (!existsSync(join(work, name))) return;
  rmSync(join(uploads, name), { recursive: true, force: true });
  cpSync(join(work, name), join(uploads, name), { recursive: true });
}

function download({ work, uploads }: Surroundings, name: string): void {
  rmSync(join(work, name), { recursive: true, force: true });
  if (existsSync(join(uploads, name))) cpSync(join(uploads, name), join(work, name), { recursive: true });
}
