import { spawn } from 'node:child_process';

/** Input of a commit, with GitHub's property names. */
export interface CommitInput {
  branch: { branchName: string };
  expectedHeadOid: string;
  message: { headline: string; body?: string | null | undefined };
  fileChanges: { additions: { path: string; contents: string }[]; deletions: { path: string }[] };
}

/** Runs git and returns its output; throws when it fails. */
export function git(directory: string, args: string[], input?: Buffer): Promise<string> {
  const child = spawn('git', ['-C', directory, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`git ${args.join(' ')}: ${stderr.trim()}`)),
    );
  });
}

/**
 * Reads an object by name, as GitHub's `object(expression)` does; null when there is none. One process reads
 * all of it, since starting git takes most of the time of the tests that use this.
 */
export async function readObject(
  directory: string,
  expression: string,
): Promise<{ __typename: string; oid: string; text?: string } | null> {
  const output = await git(directory, ['cat-file', '--batch'], Buffer.from(`${expression}\n`));
  const [, oid, type] = /^([0-9a-f]+) (\w+) \d+\n/.exec(output) ?? [];
  if (oid === undefined) return null;
  if (type === 'blob') return { __typename: 'Blob', oid, text: output.slice(output.indexOf('\n') + 1, -1) };
  return { __typename: type === 'tree' ? 'Tree' : 'Commit', oid };
}

/** Makes a commit on a branch; undefined when the branch has another head than expected. */
export async function commitOn(directory: string, input: CommitInput): Promise<string | undefined> {
  const branch = `refs/heads/${input.branch.branchName}`;
  const isExpected = async (): Promise<boolean> =>
    (await git(directory, ['rev-parse', branch])).trim() === input.expectedHeadOid;
  if (!(await isExpected())) return undefined;
  for (const { path } of input.fileChanges.deletions) {
    const file = await readObject(directory, `${input.expectedHeadOid}:${path}`);
    if (!file) throw new Error(`no file ${path} to delete`);
  }
  try {
    // It refuses to move the branch from any other head, as the commit would not contain that one.
    return (await git(directory, ['fast-import', '--quiet'], commandsOf(branch, input))).trim();
  } catch (error) {
    const isLocked = String(error).includes('cannot lock ref');
    if (isLocked || !(await isExpected())) return undefined;
    throw error;
  }
}

/** Source: git-fast-import. */
function commandsOf(ref: string, { expectedHeadOid, message, fileChanges }: CommitInput): Buffer {
  const parts: (string | Buffer)[] = [];
  const addData = (data: Buffer): void => {
    parts.push(`data ${data.length}\n`, data, '\n');
  };
  parts.push(
    `commit ${ref}\nmark :1\ncommitter GitHub <noreply@github.com> ${Math.floor(Date.now() / 1000)} +0000\n`,
  );
  addData(Buffer.from(message.body ? `${message.headline}\n\n${message.body}` : message.headline));
  parts.push(`from ${expectedHeadOid}\n`);
  for (const { path } of fileChanges.deletions) parts.push(`D ${JSON.stringify(path)}\n`);
  for (const { path, contents } of fileChanges.additions) {
    parts.push(`M 100644 inline ${JSON.stringify(path)}\n`);
    addData(Buffer.from(contents, 'base64'));
  }
  parts.push('get-mark :1\n');
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}
