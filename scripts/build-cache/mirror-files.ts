import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ask, readLimited } from '../http/request.ts';
import { retry, type RetryOptions } from '../http/retry.ts';
import { CacheFolder } from './cache-folder.ts';

/** What servers answer for a file that is not there: S3 says 403 to those who may not list. */
const MISSING = new Set([403, 404, 410]);

/** A build cache or a site with one: a directory, or an address. Its files are named by their paths below it. */
export interface MirrorFiles {
  /** Without a login. */
  readonly address: string;
  /** Where a path is, as messages name it. */
  locate(path: string): string;
  /** A file's bytes; undefined when it is not there. Throws when it is larger than the limit. */
  read(path: string, limitBytes: number): Promise<Buffer | undefined>;
  /** A file as a stream; undefined when it is not there. */
  open(path: string): Promise<Readable | undefined>;
  /** Bytes of a file; undefined when it is not there, NaN when a server does not say: it compresses as it sends. */
  sizeOf(path: string): Promise<number | undefined>;
  /** Names in a folder; undefined where they cannot be asked for. */
  list(path: string): Promise<string[] | undefined>;
}

/** Opens an address or a directory; nothing is read yet. */
export function openMirrorFiles(place: string, retries: RetryOptions = {}): MirrorFiles {
  return /^https?:\/\//.test(place) ? openAddress(place, retries) : openDirectory(place);
}

/** A file's text; undefined when it is not there. */
export async function readText(
  place: MirrorFiles,
  path: string,
  limitBytes: number,
): Promise<string | undefined> {
  return (await place.read(path, limitBytes))?.toString('utf8');
}

function openDirectory(directory: string): MirrorFiles {
  let opened: Promise<CacheFolder> | undefined;
  /** The directory, where it has this file. */
  async function having(path: string): Promise<CacheFolder | undefined> {
    const folder = await (opened ??= CacheFolder.open(directory));
    return (await folder.has(path)) ? folder : undefined;
  }
  return {
    address: directory,
    locate: (path) => join(directory, path),
    read: async (path, limitBytes) => (await having(path))?.read(path, limitBytes),
    open: async (path) => {
      const folder = await having(path);
      return folder && createReadStream(folder.locate(path));
    },
    sizeOf: async (path) => (await having(path))?.measure(path),
    list: async (path) => (await (opened ??= CacheFolder.open(directory))).list(path),
  };
}

function openAddress(place: string, retries: RetryOptions): MirrorFiles {
  const url = new URL(place);
  const login =
    url.username === ''
      ? undefined
      : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = url.password = url.search = url.hash = '';
  const address = url.href.replace(/\/+$/, '');
  const headers = {
    'accept-encoding': 'identity',
    'user-agent': 'spack-build-cache',
    ...(login !== undefined && { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
  };
  const locate = (path: string) => `${address}/${path.split('/').map(encodeURIComponent).join('/')}`;
  const request = (path: string, method: string) => ask(locate(path), { headers, method }, MISSING);
  return {
    address,
    locate,
    read: (path, limitBytes) =>
      retry(async () => {
        const answer = await request(path, 'GET');
        return answer && readLimited(answer, limitBytes);
      }, retries),
    open: (path) => retry(async () => (await request(path, 'GET'))?.body, retries),
    sizeOf: (path) =>
      retry(async () => {
        const answer = await request(path, 'HEAD');
        answer?.body.destroy();
        return answer && Number(answer.headers.get('content-length') ?? NaN);
      }, retries),
    list: () => Promise.resolve(undefined),
  };
}
