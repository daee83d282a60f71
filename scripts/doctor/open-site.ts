import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import fastGlob from 'fast-glob';
import { ignoreMissing } from '../cli/files.ts';
import { ask } from '../http/get.ts';
import { readLimited, type HttpAnswer } from '../http/request.ts';
import { retry } from '../http/retry.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom } from '../../site/schemas/digest.ts';
import { parseMirrorManifest } from '../build-cache/mirror-manifest.ts';

const IDLE_MS = 30_000;

/** A deployed site, or the folder of a built one. Paths are relative to its root, without a slash before them. */
export interface Site {
  /** As findings name a file of it. */
  locate(path: string): string;
  /** Bytes of a file; undefined where there is none. */
  sizeOf(path: string): Promise<number | undefined>;
  /** A file's text, refused above a limit in bytes; undefined where there is none. */
  readText(path: string, limitBytes: number): Promise<string | undefined>;
  open(path: string): Promise<Readable | undefined>;
  /** All files with their sizes; only a folder can say. */
  list?(): Promise<Map<string, number>>;
}

/** @param place an address, or the path of a folder */
export function openSite(place: string): Site {
  return /^https?:\/\//.test(place) ? openAddress(place.replace(/\/+$/, '')) : openFolder(place);
}

function openAddress(root: string): Site {
  const locate = (path: string): string => `${root}/${path}`;

  async function request(path: string, method: string): Promise<HttpAnswer | undefined> {
    const url = locate(path.split('/').map(encodeURIComponent).join('/'));
    const headers = { 'user-agent': 'spack-build-cache' };
    return retry(() => ask(url, { method, headers, idleMs: IDLE_MS }));
  }

  return {
    locate,
    async sizeOf(path) {
      const answer = await request(path, 'HEAD');
      answer?.body.destroy();
      const length = answer?.headers.get('content-length');
      // A server that compresses as it sends says no length.
      return answer && (length === null || length === undefined ? NaN : Number(length));
    },
    async readText(path, limitBytes) {
      const answer = await request(path, 'GET');
      return answer && (await readLimited(answer, limitBytes)).toString('utf8');
    },
    open: async (path) => (await request(path, 'GET'))?.body,
  };
}

function openFolder(folder: string): Site {
  const locate = (path: string): string => join(folder, path);
  const sizeOf = async (path: string): Promise<number | undefined> =>
    (await stat(locate(path)).catch(ignoreMissing))?.size;
  return {
    locate,
    sizeOf,
    async readText(path, limitBytes) {
      const size = await sizeOf(path);
      if (size !== undefined && size > limitBytes)
        throw new Error(`${locate(path)}: expected at most ${limitBytes} bytes, found ${size}`);
      return size === undefined ? undefined : readFile(locate(path), 'utf8');
    },
    open: async (path) => ((await sizeOf(path)) === undefined ? undefined : createReadStream(locate(path))),
    async list() {
      const files = await fastGlob('**', { cwd: folder, dot: true, stats: true });
      return new Map(files.map(({ path, stats }) => [path, stats?.size ?? 0]));
    },
  };
}

const MANIFEST_LIMIT_BYTES = 2 ** 20;

/** The blob that a site's manifest of an index or a key names; undefined where there is no manifest that can be read. */
export async function readBlobRecord(site: Site, path: string): Promise<Blob | undefined> {
  const text = await site.readText(path, MANIFEST_LIMIT_BYTES);
  if (text === undefined) return undefined;
  try {
    const [record] = parseMirrorManifest(text, path).data;
    return record && { digest: digestFrom(record.checksum), size: record.contentLength };
  } catch {
    return undefined;
  }
}
