import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { CacheFolder } from '../build-cache/cache-folder.ts';
import { ask } from '../http/get.ts';
import { readLimited } from '../http/request.ts';
import { retry } from '../http/retry.ts';

/** What servers answer for a file that is not there: S3 says 403 to those who may not list. */
const MISSING = new Set([403, 404, 410]);

/** Files below one place, by path: a directory, or an address. */
export interface SourceFolder {
  /** Without a login. */
  readonly address: string;
  /** Where a path is, as messages name it. */
  locate(path: string): string;
  /** A file's bytes; undefined when it is not there. Throws when it is larger than the limit. */
  read(path: string, limitBytes: number): Promise<Buffer | undefined>;
  /** A file as a stream; undefined when it is not there. */
  open(path: string): Promise<Readable | undefined>;
  /** Names in a folder; undefined where they cannot be asked for. */
  list(path: string): Promise<string[] | undefined>;
}

/** Opens an address or a directory; nothing is read yet of an address. */
export async function openFolder(place: string): Promise<SourceFolder> {
  return /^https?:\/\//.test(place) ? openAddress(place) : openDirectory(place);
}

async function openDirectory(directory: string): Promise<SourceFolder> {
  const folder = await CacheFolder.open(directory);
  return {
    address: directory,
    locate: (path) => folder.locate(path),
    read: async (path, limitBytes) => ((await folder.has(path)) ? folder.read(path, limitBytes) : undefined),
    open: async (path) => {
      if (!(await folder.has(path))) return undefined;
      await folder.measure(path);
      return createReadStream(folder.locate(path));
    },
    list: (path) => folder.list(path),
  };
}

function openAddress(place: string): SourceFolder {
  const url = new URL(place);
  const login =
    url.username === ''
      ? undefined
      : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = url.password = url.search = url.hash = '';
  const address = url.href.replace(/\/+$/, '');
  const headers = {
    'accept-encoding': 'identity',
    ...(login !== undefined && { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
  };
  const locate = (path: string) => `${address}/${path.split('/').map(encodeURIComponent).join('/')}`;

  const request = (path: string) => ask(locate(path), { headers }, MISSING);

  return {
    address,
    locate,
    read: (path, limitBytes) =>
      retry(async () => {
        const answer = await request(path);
        return answer && readLimited(answer, limitBytes);
      }),
    open: (path) => retry(async () => (await request(path))?.body),
    list: () => Promise.resolve(undefined),
  };
}
