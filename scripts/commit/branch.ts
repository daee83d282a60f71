import { z } from 'zod';
import type { Change } from './changes.ts';
import type { GitHub } from '../github/api.ts';

const FILES_A_QUERY = 100;

/**
 * Keeps a push from starting workflows. "Workflows that would otherwise be triggered using on: push or on:
 * pull_request won't be triggered if you add any of the following strings to the commit message" (GitHub's
 * documentation, "Skipping workflow runs"). A push with the run's own token starts none anyway. A push with
 * COMMIT_TOKEN would start a second deployment next to the one that the run starts, which this does not
 * affect: "Skip instructions only apply to the push and pull_request events."
 */
const START_NOTHING = '[skip actions]';

const Oid = z.string().regex(/^[0-9a-f]{40}$/);

const HeadAnswer = z.object({
  repository: z.object({ ref: z.object({ target: z.object({ oid: Oid }) }).nullable() }),
});

const FilesAnswer = z.object({
  repository: z.record(z.string(), z.object({ oid: Oid, text: z.string().nullish() }).nullable()),
});

const CommitAnswer = z.object({
  createCommitOnBranch: z.object({ commit: z.object({ oid: Oid, url: z.string() }) }),
});

/** A commit that GitHub created. */
export interface Commit {
  oid: string;
  url: string;
}

/** A file of a commit. */
export interface RemoteFile {
  oid: string;
  /** Undefined unless requested. */
  text: string | undefined;
}

/** The commit that a branch points to. */
export async function readHead({ owner, name, ask }: GitHub, branch: string): Promise<string> {
  const query = `query ($owner: String!, $name: String!, $ref: String!) {
    repository(owner: $owner, name: $name) { ref(qualifiedName: $ref) { target { oid } } }
  }`;
  const { repository } = await ask(query, { owner, name, ref: `refs/heads/${branch}` }, HeadAnswer);
  if (!repository.ref) throw new Error(`${owner}/${name} has no branch ${branch}`);
  return repository.ref.target.oid;
}

/** The files of a commit or a branch (`refs/heads/main`) at some paths. Paths without a file are left out. */
export async function readFiles(
  { owner, name, ask }: GitHub,
  commit: string,
  paths: readonly string[],
  { withText = false } = {},
): Promise<Map<string, RemoteFile>> {
  const remote = new Map<string, RemoteFile>();
  for (let start = 0; start < paths.length; start += FILES_A_QUERY) {
    const some = paths.slice(start, start + FILES_A_QUERY);
    const fields = withText ? 'oid ... on Blob { text }' : 'oid';
    const query = `query ($owner: String!, $name: String!, ${some.map((_, index) => `$f${index}: String!`).join(', ')}) {
      repository(owner: $owner, name: $name) {
        ${some.map((_, index) => `f${index}: object(expression: $f${index}) { ${fields} }`).join('\n')}
      }
    }`;
    const expressions = Object.fromEntries(some.map((path, index) => [`f${index}`, `${commit}:${path}`]));
    const { repository } = await ask(query, { owner, name, ...expressions }, FilesAnswer);
    for (const [index, path] of some.entries()) {
      const file = repository[`f${index}`];
      if (file) remote.set(path, { oid: file.oid, text: file.text ?? undefined });
    }
  }
  return remote;
}

/**
 * Creates one commit, which starts no workflow, on a branch that still points to `head`. Throws
 * `StaleHeadError` when it points elsewhere, and `BusyError` when GitHub did not answer: then the commit may
 * exist.
 */
export async function createCommit(
  { owner, name, ask }: GitHub,
  branch: string,
  head: string,
  { headline, body }: { headline: string; body: string },
  changes: readonly Change[],
): Promise<Commit> {
  const query = `mutation ($input: CreateCommitOnBranchInput!) {
    createCommitOnBranch(input: $input) { commit { oid url } }
  }`;
  const input = {
    branch: { repositoryNameWithOwner: `${owner}/${name}`, branchName: branch },
    expectedHeadOid: head,
    message: { headline, body: body ? `${body}\n\n${START_NOTHING}` : START_NOTHING },
    fileChanges: {
      additions: changes.flatMap(({ path, content }) =>
        content ? [{ path, contents: content.toString('base64') }] : [],
      ),
      deletions: changes.flatMap(({ path, content }) => (content ? [] : [{ path }])),
    },
  };
  return (await ask(query, { input }, CommitAnswer, { canRepeat: false })).createCommitOnBranch.commit;
}
