import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

const FILE = resolve(import.meta.dirname, '../fixtures/github-events.json');
type Json = z.infer<ReturnType<typeof z.json>>;
const Thing = z.record(z.string(), z.json());
const Examples = z.record(
  z.string(),
  z.object({ repository: z.object({ owner: Thing }).catchall(z.json()) }).catchall(z.json()),
);
const examples = Examples.parse(JSON.parse(readFileSync(FILE, 'utf8')));

/** Properties of an event's repository that a test sets; the rest is GitHub's example. */
export interface EventFacts {
  /** The repository, `Owner/name`. */
  repository?: string;
  owner?: 'User' | 'Organization';
  branch?: string;
  isPrivate?: boolean;
  isFork?: boolean;
  isTemplate?: boolean;
  hasPages?: boolean;
  /** Inputs of a `workflow_dispatch`; GitHub converts all of them to text. */
  inputs?: Record<string, string | boolean>;
}

/**
 * Returns the payload of an event as sent by GitHub: an example of `@octokit/webhooks-examples` 7.6.1, with
 * the test's repository. A schedule has no repository: "Webhook event payload: not applicable", according to
 * GitHub's documentation.
 */
export function eventPayload(
  name: 'push' | 'workflow_dispatch' | 'schedule',
  facts: EventFacts = {},
): Record<string, Json> {
  if (name === 'schedule') return { schedule: '17 3 * * *' };
  const example = examples[name];
  if (!example) throw new Error(`there is no example of ${name}`);
  const { repository: fullName = 'owner/cache', branch = 'main', inputs = {} } = facts;
  const [login = '', repositoryName = ''] = fullName.split('/');
  const repository = {
    ...example.repository,
    owner: { ...example.repository.owner, login, type: facts.owner ?? 'User' },
    ...{ id: 4711, name: repositoryName, full_name: fullName, default_branch: 'main' },
    private: facts.isPrivate ?? false,
    visibility: facts.isPrivate ? 'private' : 'public',
    fork: facts.isFork ?? false,
    is_template: facts.isTemplate ?? false,
    has_pages: facts.hasPages ?? false,
  };
  const texts = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, String(value)]));
  return {
    ...example,
    repository,
    ref: `refs/heads/${branch}`,
    ...(name === 'workflow_dispatch' ? { inputs: texts } : {}),
  };
}
