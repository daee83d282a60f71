import { contentType } from 'mime-types';
import { extname } from 'node:path';

/** What a host should say of a file. */
export interface FileHeaders {
  'content-type': string;
  'cache-control': string;
}

/** Blobs and what Astro names for its content never change. */
const UNCHANGING = /^(?:blobs|_astro)\//;

/** The type by the ending, as GitHub Pages says it, and for how long clients may keep a file: elsewhere 10 minutes, too. */
export function headersOf(path: string): FileHeaders {
  const ending = extname(path);
  return {
    'content-type': (ending !== '' && contentType(ending)) || 'application/octet-stream',
    'cache-control': UNCHANGING.test(path) ? 'public, max-age=31536000, immutable' : 'public, max-age=600',
  };
}
