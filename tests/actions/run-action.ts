import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { standIns } from '../rehearse/stand-ins.ts';
import type { ArtifactService } from '../world/artifact-service.ts';
import { basicVariables, runProgram, type Outcome } from '../world/run.ts';

const WORKFLOWS = resolve(import.meta.dirname, '../../.github');
const Action = z.object({
  runs: z.object({ main: z.string() }),
  inputs: z.record(z.string(), z.object({ default: z.unknown().optional() })).optional(),
});

interface ActionRun {
  service: ArtifactService;
  attempt: string;
  /** Its workspace. */
  folder: string;
}

/** Inputs of actions for variables of their stand-ins. */
const INPUTS: Record<string, string> = {
  ...{ NAME: 'NAME', FOLDER: 'PATH', PATTERN: 'PATTERN', MERGE: 'MERGE-MULTIPLE' },
  ...{ IF_NO_FILES: 'IF-NO-FILES-FOUND', DAYS: 'RETENTION-DAYS', GITHUB_TOKEN: 'TOKEN' },
};

/** Runs a stand-in or, with a folder of checkouts in ACTIONS_DIR, the action itself. */
export function runAction(
  name: string,
  { service, attempt, folder }: ActionRun,
  own: Record<string, string>,
): Promise<Outcome> {
  const env = { IF_NO_FILES: 'warn', ...own };
  const real = standIns(WORKFLOWS).find(({ uses, isReal }) => isReal && uses.startsWith(`actions/${name}@`));
  const inputs: Record<string, string> = {};
  let main = join(import.meta.dirname, name, 'main.ts');
  if (real) {
    const { runs, inputs: known = {} } = Action.parse(
      parse(readFileSync(join(real.path, 'action.yml'), 'utf8')),
    );
    main = join(real.path, runs.main);
    for (const [key, { default: value = '' }] of Object.entries(known))
      inputs[`INPUT_${key.toUpperCase()}`] = String(value);
    for (const [key, value] of Object.entries(env))
      if (INPUTS[key] !== undefined) inputs[`INPUT_${INPUTS[key]}`] = value;
    if (name === 'deploy-pages') inputs['INPUT_ARTIFACT_NAME'] = own['NAME'] ?? '';
  }
  return runProgram(process.execPath, [main], {
    ...basicVariables(),
    ACTIONS_RESULTS_URL: service.url,
    ACTIONS_RUNTIME_TOKEN: service.token('7', attempt),
    ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}oidc?`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'e30.e30.x',
    ...{ GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'owner/repo', GITHUB_RUN_ID: '7' },
    ...{ GITHUB_ACTION: 'step', GITHUB_ACTOR: 'owner' },
    GITHUB_WORKSPACE: folder,
    RUNNER_TEMP: folder,
    ...env,
    ...inputs,
  });
}
