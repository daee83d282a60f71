import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const STAND_INS = resolve(import.meta.dirname, '../actions');

/**
 * Actions that run unchanged if ACTIONS_DIR has their source: they need only a workspace, an artifact service,
 * and GitHub's API. attest-build-provenance needs Sigstore.
 */
const REAL = new Set([
  'actions/checkout',
  'actions/upload-artifact',
  'actions/download-artifact',
  'actions/upload-pages-artifact',
  'actions/setup-node',
  'actions/configure-pages',
  'actions/deploy-pages',
]);

/** A third-party action that a workflow uses. */
export interface PinnedAction {
  /** Reference such as `actions/checkout@<commit>`. */
  uses: string;
  /** File of the workflow or action that uses it. */
  file: string;
}

/** Lists the third-party actions that workflows and actions in a folder use, once each. */
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

/** Action that the rehearsal runs. */
export interface RehearsedAction {
  uses: string;
  /** Folder of its action.yml. */
  path: string;
  /** Whether it is the real action. */
  isReal: boolean;
}

/**
 * Finds the folder to run for each third-party action in the workflows: its stand-in or, with a folder of
 * checkouts (`owner/name@commit`), the action itself if it can run here. Throws if there is neither.
 */
export function standIns(folder: string, checkouts = process.env['ACTIONS_DIR']): RehearsedAction[] {
  const used = pinnedActions(folder);
  return used.flatMap(({ uses, file }): RehearsedAction[] => {
    const [, owned = '', name = ''] = /^([\w.-]+\/([^/@]+))@/.exec(uses) ?? [];
    const checkout = checkouts && REAL.has(owned) ? join(checkouts, uses) : undefined;
    if (checkout !== undefined && existsSync(checkout)) {
      // Actions used by this action.
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
