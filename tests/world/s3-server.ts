import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendToBucket, type S3Account } from '../../scripts/sync/s3-place.ts';
import { findProgram } from '../tools/path.ts';
import { findFreePort } from './free-port.ts';

/** A real S3 server with a publicly readable bucket. */
export interface S3Server {
  account: S3Account;
  bucket: string;
  /** Address at which the bucket can be read without a login. */
  url: string;
  put(key: string, text: string): Promise<void>;
  /** Reads an object without a login. */
  get(key: string): Promise<Response>;
  stop(): Promise<void>;
}

/** Advice on skipped tests. */
export const S3_ADVICE =
  'put versitygw on PATH, or name it in VERSITYGW: go install github.com/versity/versitygw/cmd/versitygw@latest';

/** Finds versitygw on this machine. Tests do not build it, since that takes minutes. */
export function findS3Server(): string | undefined {
  return process.env['VERSITYGW'] || findProgram('versitygw');
}

/** Starts versitygw with a separate folder. */
export async function startS3Server(): Promise<S3Server> {
  const program = findS3Server();
  if (program === undefined) throw new Error(`there is no S3 server here: ${S3_ADVICE}`);
  const folder = await mkdtemp(join(tmpdir(), 's3-'));
  const bucket = 'cache';
  await mkdir(join(folder, 'data'));
  await mkdir(join(folder, 'side'));
  const port = await findFreePort();
  const account = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    accessKeyId: 'tester',
    secretAccessKey: 'secret-of-tests',
  };
  const { accessKeyId, secretAccessKey } = account;
  const child = spawn(
    program,
    ['--port', `127.0.0.1:${port}`, 'posix', '--sidecar', join(folder, 'side'), join(folder, 'data')],
    {
      env: { PATH: process.env['PATH'], ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const exited = once(child, 'exit');
  const url = `${account.endpoint}/${bucket}`;
  const request = sendToBucket.bind(undefined, account, bucket);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    while (
      !(await fetch(account.endpoint).then(
        () => true,
        () => false,
      ))
    ) {
      if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}:\n${output}`);
      await sleep(50);
    }
    (await request({ method: 'PUT', key: '' })).body.destroy();
    const statement = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${bucket}/*`,
    };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    (
      await request({ method: 'PUT', key: '', query: { policy: '' }, body: new Blob([policy]) })
    ).body.destroy();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    account,
    bucket,
    url,
    put: async (key, text) =>
      void (await request({ method: 'PUT', key, body: new Blob([text]) })).body.destroy(),
    get: (key) => fetch(`${url}/${key.split('/').map(encodeURIComponent).join('/')}`),
    stop,
  };
}
