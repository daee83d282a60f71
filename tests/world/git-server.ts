import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { listen } from './faulty-proxy.ts';

/**
 * Serves the repositories of a folder over HTTP, as GitHub does, through git's own CGI program.
 * @param repository a bare repository; its folder is served
 */
export async function startGitServer(repository: string): Promise<{ host: string; stop(): Promise<void> }> {
  return listen((incoming, outgoing) => {
    const { pathname, search } = new URL(incoming.url ?? '/', 'http://git');
    const git = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        GIT_PROJECT_ROOT: dirname(repository),
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: incoming.method ?? '',
        CONTENT_TYPE: incoming.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: incoming.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(incoming.headers['git-protocol'] ?? ''),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // Git may finish its output before it has read all input.
    git.stdin.on('error', () => undefined);
    incoming.pipe(git.stdin);
    const chunks: Buffer[] = [];
    git.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    git.once('error', () => outgoing.destroy());
    git.once('close', () => {
      const answer = Buffer.concat(chunks);
      const end = answer.indexOf('\r\n\r\n');
      const lines = answer.subarray(0, end).toString().split('\r\n');
      const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/, 2)));
      const { Status: status = '200', ...others } = headers as Record<string, string>;
      outgoing.writeHead(Number.parseInt(status, 10), others).end(answer.subarray(end + 4));
    });
  });
}
