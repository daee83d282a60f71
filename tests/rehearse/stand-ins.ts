import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const STAND_INS = resolve(import.meta.dirname, '../actions');

/** Actions that run as they are where ACTIONS_DIR has their source: they need a workspace and an artifact service alone. */
const REAL = new Set([
  'actions/checkout',
  'actions/upload-artifact',
  'actions/download-artifact',
  'actions/upload-pages-artifact',
  'actions/setup-node',
]);

/** An action of others that a workflow uses. */
export interface PinnedAction {
  /** `actions/checkout@<commit>` */
  uses: string;
  /** The workflow or action that uses it. */
  file: string;
}

/** The actions of others that the workflows and actions in a folder use, each once. */
export function pinnedActions(folder: string): PinnedAction[] {
  const pinned = new Map<string, PinnedAction>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.ya?ml$/.test(file)) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, uses = ''] of text.matchAll(/^\s*(?:- )?uses: ([\w.-]+\/[^@\s]+@\S+)/gm))
      pinned.set(uses, { uses, file });
  }
  return [...pinned.values()];
}

/** What the rehearsal runs for an action. */
export interface RehearsedAction {
  uses: string;
  /** A folder with its action.yml. */
  path: string;
  /** Whether that is the action itself. */
  isReal: boolean;
}

/**
 * For each action of others that workflows use, the folder that the rehearsal runs: its stand-in or, with a folder of
 * checkouts (`owner/name@commit`), the action itself if it can run here. Throws for one that has neither.
 */
export function standIns(folder: string, checkouts = process.env['ACTIONS_DIR']): RehearsedAction[] {
  const used = pinnedActions(folder);
  return used.flatMap(({ uses, file }): RehearsedAction[] => {
    const [, owned = '', name = ''] = /^([\w.-]+\/([^/@]+))@/.exec(uses) ?? [];
    const checkout = checkouts && REAL.has(owned) ? join(checkouts, uses) : undefined;
    if (checkout !== undefined && existsSync(checkout)) {
      // The actions that it uses itself.
      const inner = pinnedActions(checkout)
        .map(({ uses: own }) => ({ uses: own, path: join(checkouts ?? '', own), isReal: true }))
        .filter(({ path: own }) => existsSync(own));
      return [{ uses, path: checkout, isReal: true }, ...inner];
    }
    const path = join(STAND_INS, name);
    if (!existsSync(path)) throw new Error(`${file}: ${uses} has no stand-in; add tests/actions/${name}`);
    return [{ uses, path, isReal: false }];
  });
}
