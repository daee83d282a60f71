import { randomBytes } from 'node:crypto';
import { microarchitectureOf } from '../../site/schemas/build-cache-settings.ts';
import type { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { addSummary, escapeMarkdown, setOutput } from '../github/actions.ts';
import type { WantedVersions } from '../spack/install-spack.ts';
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
