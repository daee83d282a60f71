import { z } from 'zod';
import { openRest } from './rest.ts';

/** By this label the issue is found again; GitHub makes it with the first issue. */
const LABEL = 'deploy-failed';
const TITLE = 'The site could not be deployed';

const Issue = z.object({ number: z.number().int() });
const Issues = z.array(Issue);

type Environment = Record<string, string | undefined>;

/** Opens an issue that links to the run's log, or adds to the one that is open; gives its number. */
export async function openIssue(environment: Environment, run: string | undefined): Promise<number> {
  const rest = openRest(environment);
  const [known] = await rest.call('GET', `issues?labels=${LABEL}&state=open`, undefined, Issues);
  if (known) {
    const body = { body: `It failed again: ${run ?? 'see the log'}` };
    await rest.call('POST', `issues/${known.number}/comments`, body, z.unknown());
    return known.number;
  }
  const body =
    `The last deployment failed; its log says why: ${run ?? 'see the Actions tab'}\n\n` +
    'The site shows what was deployed before. Builds are published all the same: the next deployment shows them. ' +
    'In a new repository: is Settings > Pages > Source set to "GitHub Actions"?\n\n' +
    'This issue closes itself when a deployment succeeds.';
  const issue = await rest.call('POST', 'issues', { title: TITLE, body, labels: [LABEL] }, Issue);
  return issue.number;
}

/** Closes the issues that are open; gives their numbers. */
export async function closeIssue(environment: Environment, run: string | undefined): Promise<number[]> {
  const rest = openRest(environment);
  const open = await rest.call('GET', `issues?labels=${LABEL}&state=open`, undefined, Issues);
  for (const { number } of open) {
    const body = { body: `Deployed again: ${run ?? ''}`.trim() };
    await rest.call('POST', `issues/${number}/comments`, body, z.unknown());
    await rest.call('PATCH', `issues/${number}`, { state: 'closed', state_reason: 'completed' }, Issue);
  }
  return open.map(({ number }) => number);
}
