import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const STAND_INS = resolve(import.meta.dirname, '../actions');

/**
 * For each action of others that workflows use, the folder of its stand-in: `actions/checkout@<commit>` and a path.
 * Throws for one that has none.
 */
export function standIns(folder: string): [uses: string, path: string][] {
  const found = new Map<string, string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.ya?ml$/.test(file)) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, uses = ''] of text.matchAll(/^\s*(?:- )?uses: ([\w.-]+\/[^@\s]+@\S+)/gm)) {
      const [, name = ''] = /\/([^/@]+)@/.exec(uses) ?? [];
      const path = join(STAND_INS, name);
      if (!existsSync(path)) throw new Error(`${file}: ${uses} has no stand-in; add tests/actions/${name}`);
      found.set(uses, path);
    }
  }
  return [...found];
}
