import { isLocal } from '../../site/lib/registry-address.ts';
import type { PagesSite, RepositoryFacts } from '../github/repository.ts';
import { ruleAdvice } from '../commit/rule-advice.ts';

/** Facts about a registry to which builds are published. */
export interface RegistryFacts {
  /** `host/path`, or `oci-layout:DIR`. */
  registry: string;
  /** Source of the registry's login: the owner's secrets, the run's own token, none, or a problem with it. */
  login: 'secret' | 'run' | 'none' | { problem: string };
  /** Whether everybody may pull from the registry; `empty` before the first publish. */
  visibility: 'public' | 'private' | 'empty' | undefined;
  /** Advice on how to make the registry's package public. */
  publishAdvice: string;
}

/** Facts about a repository's setup before anything is built. Undefined: the question failed. */
export interface SetupFacts extends RegistryFacts {
  repository: RepositoryFacts;
  branch: string;
  pages: PagesSite | 'off' | undefined;
  /** Types of the rulesets' rules for the branch, and whether a classic rule protects it. */
  rules: { types: string[]; isProtected: boolean } | undefined;
  /** Whether the secret COMMIT_TOKEN is set. */
  hasCommitToken: boolean;
  /** Registries of targets that have their own. */
  others: readonly RegistryFacts[];
  /** Public keys in the catalog. */
  keys: number;
  /** Number of builds in the catalog without a signature; 0 when there is no key to sign with. */
  unsigned: number;
  hasSigningKey: boolean;
  /** Whether a schedule started the run. */
  isScheduled: boolean;
  /** Whole days since the last commit to the branch. */
  quietDays: number | undefined;
}

/** One line of the list. */
export interface SetupCheck {
  name: string;
  /** `stop`: the run would be useless. */
  state: 'ok' | 'warning' | 'stop' | 'unknown';
  sentence: string;
}

/** Types of rules that refuse each commit on a branch that is not the merge of a pull request. */
const BLOCKING = [
  'pull_request',
  'required_status_checks',
  'update',
  'merge_queue',
  'workflows',
  'required_deployments',
  'code_scanning',
];

/** Types of rules that the workflow's commits meet: GitHub signs them, and each is on top of the branch's head. */
const HARMLESS = [
  'creation',
  'deletion',
  'non_fast_forward',
  'required_linear_history',
  'required_signatures',
  'branch_name_pattern',
  'copilot_code_review',
];

/**
 * Days without activity after which GitHub stops a public repository's schedules; it warns seven days before.
 * Source: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule
 */
const MOST_QUIET_DAYS = 60;
/** Days after which a scheduled run starts to warn. */
const MANY_QUIET_DAYS = 45;

/** Judges a setup: what works, what does not, and what to click. */
export function judgeSetup(facts: SetupFacts, serverUrl = 'https://github.com'): SetupCheck[] {
  const page = `${serverUrl}/${facts.repository.fullName}`;
  return [
    { name: 'Branch', ...judgeBranch(facts) },
    { name: 'Rules of the branch', ...judgeRules(facts, page) },
    ...[facts, ...facts.others].flatMap((registry) => [
      { name: 'Registry', ...judgeRegistry(registry, facts.repository, page) },
      { name: 'Package', ...judgeVisibility(registry) },
    ]),
    { name: 'GitHub Pages', ...judgePages(facts, page) },
    { name: 'Signing key', ...judgeKey(facts, page) },
    { name: 'Issues', ...judgeIssues(facts, page) },
    ...(facts.isScheduled ? [{ name: 'Schedule', ...judgeSchedule(facts, page) }] : []),
  ];
}

type Verdict = Omit<SetupCheck, 'name'>;

const ok = (sentence: string): Verdict => ({ state: 'ok', sentence });
const warning = (sentence: string): Verdict => ({ state: 'warning', sentence });
const stop = (sentence: string): Verdict => ({ state: 'stop', sentence });
const unknown = (sentence: string): Verdict => ({ state: 'unknown', sentence });

function judgeBranch({ branch, repository: { defaultBranch } }: SetupFacts): Verdict {
  if (branch === defaultBranch) return ok(`this run is for ${branch}, the default branch`);
  return warning(
    `this run is for ${branch}: the site shows the default branch, ${defaultBranch}, and does not change`,
  );
}

function judgeRules({ rules, branch, repository, hasCommitToken }: SetupFacts, page: string): Verdict {
  if (!rules)
    return unknown(
      `whether a rule keeps the workflow from committing is not known: see ${page}/settings/rules`,
    );
  const refusing = rules.types.filter((type) => !HARMLESS.includes(type));
  if (refusing.length === 0 && !rules.isProtected)
    return ok(`no rule keeps the workflow from committing to ${branch}`);
  const [owner = '', name = ''] = repository.fullName.split('/');
  const advice = ruleAdvice({ owner, name }, branch, repository.ownerType);
  if (refusing.length === 0) {
    return hasCommitToken || rules.types.length > 0
      ? ok(`the rules of ${branch} allow the workflow to commit`)
      : warning(`${branch} is protected, and may refuse the commit of new builds. ${advice}`);
  }
  const sentence = `a rule of ${branch} (${refusing.join(', ')})`;
  if (hasCommitToken) return ok(`${sentence} must exempt the owner of COMMIT_TOKEN`);
  // An organization's ruleset may exempt GitHub Actions, which GitHub does not show to this token.
  return repository.ownerType === 'User' && refusing.some((type) => BLOCKING.includes(type))
    ? stop(`${sentence} refuses the commit of new builds. ${advice}`)
    : warning(`${sentence} may refuse the commit of new builds. ${advice}`);
}

function judgeRegistry(
  { registry, login }: RegistryFacts,
  repository: RepositoryFacts,
  page: string,
): Verdict {
  if (typeof login === 'object')
    return stop(`${registry}: ${login.problem} (${page}/settings/secrets/actions)`);
  if (isLocal(registry)) return ok(`${registry} needs no login`);
  const owner = repository.fullName.split('/')[0]?.toLowerCase() ?? '';
  if (login === 'run' && registry.replace(/^[\w+]+:\/\//, '').split('/')[1] !== owner) {
    return stop(
      `${registry} belongs to another owner than this repository: the token of a workflow may not push ` +
        `there. Store the login of somebody who may, with a classic token that has "write:packages", as REGISTRY_USERNAME and ` +
        `REGISTRY_PASSWORD at ${page}/settings/secrets/actions`,
    );
  }
  if (login !== 'none') return ok(`there is a login for ${registry}`);
  return warning(
    `there is no login for ${registry}: unless everybody may push there, set the variable REGISTRY_USERNAME and the secret REGISTRY_PASSWORD at ` +
      `${page}/settings/secrets/actions`,
  );
}

function judgeVisibility({ visibility, registry, publishAdvice }: RegistryFacts): Verdict {
  if (visibility === 'public') return ok(`everybody may pull from ${registry}`);
  if (visibility === 'empty')
    return ok(`nothing is published at ${registry} yet; the run says whether everybody may pull it`);
  if (visibility === 'private') return warning(publishAdvice);
  return unknown(`whether everybody may pull from ${registry} is not known`);
}

function judgePages({ pages, repository }: SetupFacts, page: string): Verdict {
  if (pages === undefined)
    return unknown(`the settings of GitHub Pages are not known: see ${page}/settings/pages`);
  if (pages !== 'off' && pages.isByWorkflow) return ok(`the site is ${pages.url}`);
  const plan = repository.isPrivate ? ' (for a private repository it needs a paid plan of GitHub)' : '';
  const lead = pages === 'off' ? 'it is switched off' : 'it is built from a branch';
  return warning(
    `${lead}: builds are published to the registry, but no site shows them. Open ${page}/settings/pages and set "Source" ` +
      `to "GitHub Actions"${plan}`,
  );
}

function judgeKey({ keys, unsigned, hasSigningKey }: SetupFacts, page: string): Verdict {
  if (hasSigningKey && keys > 0 && unsigned > 0) {
    return warning(
      `there is a key, and ${unsigned} of the builds here ${unsigned === 1 ? 'has' : 'have'} no signature: Spack ` +
        'refuses them and installs nothing that needs them. Run "node scripts/sign.ts" with the key, and commit what it writes',
    );
  }
  if (hasSigningKey && keys > 0) return ok('builds are signed');
  if (hasSigningKey) {
    return warning(
      'the secret SIGNING_KEY is set and the catalog has no public key: run "node scripts/key.ts" and commit what it writes',
    );
  }
  if (keys > 0) {
    return warning(
      `the catalog has a public key and the secret SIGNING_KEY is not set: new builds are unsigned. Store it at ` +
        `${page}/settings/secrets/actions`,
    );
  }
  return ok('builds are not signed; the page "Signing key" of the guide says how to begin');
}

function judgeIssues({ repository }: SetupFacts, page: string): Verdict {
  if (repository.hasIssues) return ok('a failed deployment opens an issue');
  return warning(
    `they are switched off: a failed deployment is only shown in the Actions tab (${page}/settings)`,
  );
}

function judgeSchedule({ quietDays, branch, repository }: SetupFacts, page: string): Verdict {
  if (repository.isPrivate) return ok('GitHub never stops the schedules of a private repository');
  const end = `GitHub stops the schedules of a public repository after ${MOST_QUIET_DAYS} days without activity`;
  if (quietDays === undefined) return unknown(`when ${branch} was last committed to is not known: ${end}`);
  const since = `the last commit to ${branch} is ${quietDays} ${quietDays === 1 ? 'day' : 'days'} old`;
  if (quietDays <= MANY_QUIET_DAYS) return ok(since);
  return warning(
    `${since}: ${end}. Build something new at ${page}/actions/workflows/manual.yml, which commits, or press ` +
      `"Enable workflow" at ${page}/actions/workflows/scheduled.yml once they are stopped`,
  );
}
