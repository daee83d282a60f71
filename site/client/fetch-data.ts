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
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const data: Shape = await response.json();
  return data;
}
