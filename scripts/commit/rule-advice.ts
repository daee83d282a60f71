import type { GitHub } from '../github/api.ts';
import type { RuleError } from '../github/errors.ts';
import { readRepository } from '../github/repository.ts';

/**
 * Explains a commit that a rule of the branch refuses: what is wrong, and what the owner can do in a
 * repository of this kind. On a person's repository GitHub Actions cannot be on a rule's bypass list ("Actor
 * GitHub Actions integration must be part of the ruleset source or owner organization"); for an
 * organization's repository, it can only be on that of a ruleset of the organization.
 */
export async function explainRule(github: GitHub, branch: string, error: RuleError): Promise<Error> {
  const facts = await readRepository(github).catch(() => undefined);
  return new Error(
    `a rule of the branch ${branch} refuses the commit: ${error.message}. ` +
      `${ruleAdvice(github, branch, facts?.ownerType)} Then run it again: images that are already in the registry are reused`,
    { cause: error },
  );
}

/** Advice for the owner about a rule that keeps the workflow from committing. */
export function ruleAdvice(
  { owner, name }: Pick<GitHub, 'owner' | 'name'>,
  branch: string,
  ownerType: 'User' | 'Organization' | undefined,
): string {
  const page = `https://github.com/${owner}/${name}/settings`;
  const isPersonal = ownerType === 'User';
  return [
    `The workflow commits as GitHub Actions${isPersonal ? ", which cannot be on the bypass list of a person's repository" : ''}.`,
    `Open ${page}/rules (for a classic rule ${page}/branches) and remove ${branch} from the rule, or leave only ` +
      '"Restrict deletions" and "Block force pushes" in it, which do not affect the workflow.',
    ...(isPersonal
      ? []
      : [
          `An organization can also put "GitHub Actions" on the bypass list of a ruleset of its own ` +
            `(https://github.com/organizations/${owner}/settings/rules); a ruleset of the repository does not allow that.`,
        ]),
    `Or store a token of somebody who may bypass the rule as the secret COMMIT_TOKEN (${page}/secrets/actions): a ` +
      'fine-grained token for this repository with "Contents: Read and write".',
  ].join(' ');
}
