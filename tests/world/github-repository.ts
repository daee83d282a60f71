import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

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

/** Reads an object by name, as GitHub's `object(expression)` does; null when there is none. */
export async function readObject(
  directory: string,
  expression: string,
): Promise<{ __typename: string; oid: string; text?: () => Promise<string> } | null> {
  try {
    const oid = (await git(directory, ['rev-parse', '--verify', '--quiet', expression])).trim();
    const type = (await git(directory, ['cat-file', '-t', oid])).trim();
    if (type === 'blob') {
      return { __typename: 'Blob', oid, text: () => git(directory, ['cat-file', 'blob', oid]) };
    }
    return { __typename: type === 'tree' ? 'Tree' : 'Commit', oid };
  } catch {
    return null;
  }
}

/** Makes a commit on a branch; undefined when the branch has another head than expected. */
export async function commitOn(directory: string, input: CommitInput): Promise<string | undefined> {
  const branch = `refs/heads/${input.branch.branchName}`;
  const temporary = `refs/stand-in/${randomUUID()}`;
  const head = (await git(directory, ['rev-parse', branch])).trim();
  if (head !== input.expectedHeadOid) return undefined;
  for (const { path } of input.fileChanges.deletions) {
    if (!(await readObject(directory, `${head}:${path}`))) throw new Error(`no file ${path} to delete`);
  }
  await git(directory, ['fast-import', '--quiet'], commandsOf(temporary, input));
  const made = (await git(directory, ['rev-parse', temporary])).trim();
  await git(directory, ['update-ref', '-d', temporary]);
  try {
    await git(directory, ['update-ref', branch, made, head]);
    return made;
  } catch {
    return undefined;
  }
}

/** Source: git-fast-import. */
function commandsOf(ref: string, { expectedHeadOid, message, fileChanges }: CommitInput): Buffer {
  const parts: (string | Buffer)[] = [];
  const addData = (data: Buffer): void => {
    parts.push(`data ${data.length}\n`, data, '\n');
  };
  parts.push(`commit ${ref}\ncommitter GitHub <noreply@github.com> ${Math.floor(Date.now() / 1000)} +0000\n`);
  addData(Buffer.from(message.body ? `${message.headline}\n\n${message.body}` : message.headline));
  parts.push(`from ${expectedHeadOid}\n`);
  for (const { path } of fileChanges.deletions) parts.push(`D ${JSON.stringify(path)}\n`);
  for (const { path, contents } of fileChanges.additions) {
    parts.push(`M 100644 inline ${JSON.stringify(path)}\n`);
    addData(Buffer.from(contents, 'base64'));
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}
