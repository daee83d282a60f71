import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { microarchitectureOf, type BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { addSummary, annotate, escapeMarkdown, setOutput } from '../github/actions.ts';
import { openGitHub } from '../github/api.ts';
import { readRepository } from '../github/repository.ts';
import type { WantedVersions } from '../spack/install-spack.ts';
import { findNewer, releasesText } from '../spack/latest.ts';
import type { Choice } from './choose.ts';
import { targetsOf } from './requests.ts';

/** Hands a choice on: JSON on standard output and to the next jobs, sentences to people. */
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
  // For all jobs of the run: "latest" may be another release a minute later.
  setOutput('spack', versions.spack);
  setOutput('packages', versions.packages);
  // Names the artifacts that plans are made of. The builds of an earlier attempt may have left some; they cannot know it.
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
 * The commit that is checked out, whose scripts the later jobs of a run take, where it is a later one than the one that
 * started the run; else the empty text.
 */
export function laterCommit({ GITHUB_SHA: started, GITHUB_OUTPUT: output }: ProcessEnvironment): string {
  if (!started || !output) return '';
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  return head === started ? '' : head;
}

/**
 * Tells later jobs of a workflow whether this run publishes (on the default branch alone: the site is made from that),
 * whether the repository is private, and for how many days artifacts are kept. GitHub is asked: the event of a
 * schedule does not say. A private repository has 500 MB for artifacts in the free plan.
 */
export async function reportRepository(environment: ProcessEnvironment): Promise<void> {
  if (!environment['GITHUB_OUTPUT']) return;
  const { defaultBranch, isPrivate } = await readRepository(openGitHub(environment));
  const branch = environment['GITHUB_REF_NAME'] ?? '';
  const publishes = branch === defaultBranch;
  if (!publishes) {
    annotate(
      'warning',
      `This run is for the branch ${branch} and publishes nothing: the site is made from ${defaultBranch} alone. ` +
        'It builds and checks, as a dry run does.',
    );
  }
  setOutput('publish', String(publishes));
  setOutput('private', String(isPrivate));
  setOutput('retention', isPrivate ? '1' : '7');
}

/**
 * Names newer releases beside a run of a cache where no workflow looks for them weekly. A run goes on where they cannot
 * be asked for.
 */
export async function reportNewer(settings: WantedVersions, environment: ProcessEnvironment): Promise<void> {
  if (!environment['GITHUB_OUTPUT'] || environment['SCHEDULED_BUILDS'] === 'true') return;
  try {
    const newer = await findNewer(settings, environment, { retries: 0, timeoutMs: 20_000 });
    if (newer.length === 0) return;
    annotate(
      'notice',
      `There are newer releases than the settings name: ${releasesText(newer)}. The workflow "Look for newer releases" says ` +
        'in an issue what they mean for the builds that are here.',
    );
  } catch (error) {
    console.error(`could not check for newer releases: ${describeError(error)}`);
  }
}
