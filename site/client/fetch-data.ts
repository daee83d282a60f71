import { BASE } from './site.ts';

/**
 * Reads one of the site's own data files by its path, once per page. After a failure, the next call tries
 * again. The caller chooses the type; tests check each file against its schema.
 */
export function fetchData<Shape>(path: string): Promise<Shape> {
  const pending = started.get(path);
  // The type of a stored value is that of the first call for its path.
  if (pending) return pending as Promise<Shape>;
  const reading = read<Shape>(BASE + path);
  started.set(path, reading);
  reading.catch(() => started.delete(path));
  return reading;
}

const started = new Map<string, Promise<unknown>>();

async function read<Shape>(address: string): Promise<Shape> {
  const data: Shape = JSON.parse(await fetchText(address));
  return data;
}

/** Reads a text file by its address, and decompresses it if necessary. */
export async function fetchText(address: string, request: RequestInit = {}): Promise<string> {
  const response = await fetch(address, request);
  if (!response.ok) throw new Error(`${address}: the site answered ${response.status}`);
  const file = await response.blob();
  // With some servers, browsers have already decompressed a `.gz` file.
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (first !== 0x1f || second !== 0x8b) return file.text();
  return new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).text();
}
