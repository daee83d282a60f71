import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { encodePath } from '../../site/lib/url.ts';
import { ask, readLimited } from '../http/request.ts';
import { retry } from '../http/retry.ts';
import { CacheFolder } from './cache-folder.ts';

/** HTTP statuses of a missing file: S3 answers 403 to clients that may not list the bucket. */
const MISSING = new Set([403, 404, 410]);

/** A build cache, or a site with one: a directory or an address. Files are named by their paths below it. */
export interface MirrorFiles {
  /** The address, without a login. */
  readonly address: string;
  /** The full path or URL of a file, as messages show it. */
  locate(path: string): string;
  /** A file's content; undefined when it is missing. Throws when it is larger than the limit. */
  read(path: string, limitBytes: number): Promise<Buffer | undefined>;
  /** A file as a stream; undefined when it is missing. */
  open(path: string): Promise<Readable | undefined>;
  /**
   * Bytes of a file; undefined when it is missing, NaN when a server compresses on the fly and sends no
   * length.
   */
  sizeOf(path: string): Promise<number | undefined>;
  /** Names in a folder; undefined when the place cannot list them. */
  list(path: string): Promise<string[] | undefined>;
}

/** Opens an address or a directory without reading anything. */
export function openMirrorFiles(place: string): MirrorFiles {
  return /^https?:\/\//.test(place) ? openAddress(place) : openDirectory(place);
}

/** A file's text; undefined when it is missing. */
export async function readText(
  place: MirrorFiles,
  path: string,
  limitBytes: number,
): Promise<string | undefined> {
  return (await place.read(path, limitBytes))?.toString('utf8');
}

function openDirectory(directory: string): MirrorFiles {
  let opened: Promise<CacheFolder> | undefined;
  /** The directory, if it has this file. */
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

function openAddress(place: string): MirrorFiles {
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
  const locate = (path: string) => `${address}/${encodePath(path)}`;
  const request = (path: string, method: string) => ask(locate(path), { headers, method }, MISSING);
  return {
    address,
    locate,
    read: (path, limitBytes) =>
      retry(async () => {
        const answer = await request(path, 'GET');
        return answer && readLimited(answer, limitBytes);
      }),
    open: (path) => retry(async () => (await request(path, 'GET'))?.body),
    sizeOf: (path) =>
      retry(async () => {
        const answer = await request(path, 'HEAD');
        answer?.body.destroy();
        return answer && Number(answer.headers.get('content-length') ?? NaN);
      }),
    list: () => Promise.resolve(undefined),
  };
}
