import { randomBytes } from 'node:crypto';
import { microarchitectureOf, type BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { git } from '../cli/git.ts';
import { addSummary, annotate, escapeMarkdown, setOutput } from '../github/actions.ts';
import { openGitHub } from '../github/api.ts';
import { readRepository } from '../github/repository.ts';
import type { WantedVersions } from '../spack/install-spack.ts';
import { findNewer, releasesText } from '../spack/latest.ts';
import type { Choice } from './choose.ts';
import { targetsOf } from './run-inputs.ts';

/** Reports a choice: JSON on standard output and for the next jobs, sentences for people. */
export function reportChoice(choice: Choice, settings: BuildCacheSettings, versions: WantedVersions): void {
  const { requests, reasons } = choice;
  const targets = targetsOf(requests, settings.targets).map((target) => ({
    target: target.name,
    microarchitecture: microarchitectureOf(target),
    runner: target.runner,
    container: target.container ?? '',
  }));
  process.stdout.write(`${JSON.stringify(requests)}\n`);
  setOutput('requests', JSON.stringify(requests));
  setOutput('targets', JSON.stringify(targets));
  setOutput('count', String(requests.length));
  // Fixed for all jobs of the run: "latest" may be another release a minute later.
  setOutput('spack', versions.spack);
  setOutput('packages', versions.packages);
  // Part of the names of the plans' artifacts. Build jobs of an earlier attempt cannot know it, so they
  // cannot forge them.
  setOutput('run', `${process.env['GITHUB_RUN_ATTEMPT'] ?? '1'}-${randomBytes(8).toString('hex')}`);
  addSummary(describeChoice(choice));
  console.error(`Spack ${versions.spack}, recipes ${versions.packages}`);
  console.error(`${reasons.join('\n')}\n${requests.length} build requests chosen`);
}

function describeChoice({ requests, reasons }: Choice): string {
  const rows = requests.map(({ specs, environment, target }) => {
    const what = environment === undefined ? specs.join(' ') : `environment ${environment}`;
    return `| ${escapeMarkdown(what)} | ${escapeMarkdown(target)} |`;
  });
  const table = rows.length === 0 ? [] : ['', '| to build | for |', '| --- | --- |', ...rows];
  return ['### Chosen', '', ...reasons.map((line) => `* ${escapeMarkdown(line)}`), ...table].join('\n');
}

/**
 * The commit that is checked out, if it is later than the one that started the run; else an empty text. The
 * later jobs of the run use its scripts.
 */
export async function laterCommit({
  GITHUB_SHA: started,
  GITHUB_OUTPUT: output,
}: ProcessEnvironment): Promise<string> {
  if (!started || !output) return '';
  const head = await git('.', ['rev-parse', 'HEAD']);
  return head === started ? '' : head;
}

/**
 * Sets outputs for later jobs of a workflow: whether this run publishes (only on the default branch, from
 * which the site is built), whether the repository is private, and the number of days to keep artifacts.
 * GitHub's API is asked, since a schedule's event does not say. On the free plan a private repository has 500
 * MB for artifacts.
 */
export async function reportRepository(environment: ProcessEnvironment): Promise<void> {
  if (!environment['GITHUB_OUTPUT']) return;
  const { defaultBranch, isPrivate } = await readRepository(openGitHub(environment));
  const branch = environment['GITHUB_REF_NAME'] ?? '';
  const publishes = branch === defaultBranch;
  if (!publishes) {
    annotate(
      'warning',
      `This run is for the branch ${branch} and publishes nothing: the site is built only from ${defaultBranch}. ` +
        'It builds and checks, like a dry run.',
    );
  }
  setOutput('publish', String(publishes));
  setOutput('private', String(isPrivate));
  setOutput('retention', isPrivate ? '1' : '7');
}

/**
 * Reports newer releases during the run of a cache without a weekly workflow that looks for them. The run
 * continues when they cannot be looked up.
 */
export async function reportNewer(settings: WantedVersions, environment: ProcessEnvironment): Promise<void> {
  if (!environment['GITHUB_OUTPUT'] || environment['SCHEDULED_BUILDS'] === 'true') return;
  try {
    const newer = await findNewer(settings, environment, { retries: 0, timeoutMs: 20_000 });
    if (newer.length === 0) return;
    annotate(
      'notice',
      `There are newer releases than the settings name: ${releasesText(newer)}. The workflow "Look for newer releases" reports ` +
        'in an issue what they mean for existing builds.',
    );
  } catch (error) {
    console.error(`could not check for newer releases: ${describeError(error)}`);
  }
}
