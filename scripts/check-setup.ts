import { judgeSetup } from './check-setup/judge.ts';
import { readSetupFacts } from './check-setup/read-facts.ts';
import { addPlaces, createCommand, readSettings, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { addSummary, annotate, escapeMarkdown } from './github/actions.ts';
import { openGitHub } from './github/api.ts';

const SIGNS = { ok: '✅', warning: '⚠️', stop: '❌', unknown: '❔' };
const settings = readSettings();

const command = createCommand({
  verb: 'check-setup',
  description:
    'Checks what can be checked before hours are spent on builds, and lists the results with what to click: GitHub ' +
    'Pages, the rules of the branch, the registry and its login, the signing key, issues, and, for a scheduled run, whether ' +
    'GitHub will stop schedules soon. Fails when a run would be useless; everything else is a warning. Reads GITHUB_TOKEN (contents: read, pages: read) and GITHUB_REPOSITORY.',
  examples: [
    'GITHUB_TOKEN="$(gh auth token)" GITHUB_REPOSITORY=owner/repo REGISTRY=ghcr.io/owner/repo node scripts/check-setup.ts',
    'node scripts/check-setup.ts --branch main',
  ],
})
  .option(
    '--branch <NAME>',
    'the branch to build for (default: the default branch)',
    process.env['GITHUB_REF_NAME'],
  )
  .option('--registry <REGISTRY>', 'registry that builds are published to', settings.REGISTRY)
  .action(check);

await runCommand(addPlaces(command));

type Options = { branch?: string; registry: string; catalog: string; settings?: string };

async function check({ settings: file, ...options }: Options): Promise<void> {
  const places = { branch: '', ...options, targets: readSettingsFile(file).targets };
  const facts = await readSetupFacts(openGitHub(process.env), places, process.env);
  const checks = judgeSetup(facts, process.env['GITHUB_SERVER_URL']);
  for (const { name, state, sentence } of checks) {
    if (state === 'warning') annotate('warning', `${name}: ${sentence}`);
    else console.error(`${SIGNS[state]} ${name}: ${sentence}`);
  }
  const lines = checks.map(
    ({ name, state, sentence }) => `* ${SIGNS[state]} **${name}**: ${linkAddresses(sentence)}`,
  );
  addSummary(`### Setup\n\n${lines.join('\n')}`);
  const stops = checks.filter(({ state }) => state === 'stop');
  if (stops.length > 0) throw new Error(stops.map(({ name, sentence }) => `${name}: ${sentence}`).join('\n'));
  const warnings = checks.filter(({ state }) => state === 'warning').length;
  console.error(`${checks.length} checks, ${warnings} warnings`);
}

/** Escapes text for Markdown, but turns addresses into links. */
function linkAddresses(sentence: string): string {
  return sentence
    .split(/(https:\/\/[^\s,;)]+)/)
    .map((part, index) => (index % 2 === 1 ? `<${part}>` : escapeMarkdown(part)))
    .join('');
}
