import { statSync } from 'node:fs';

/** Locks of thousands of nodes have tens of megabytes. */
const MAX_BYTES = 256 * 2 ** 20;

/** Throws when a file is too large to be read at once. */
export function expectSmall(path: string): void {
  const { size } = statSync(path);
  if (size > MAX_BYTES) throw new Error(`${path}: expected at most ${MAX_BYTES} bytes, found ${size}`);
}
