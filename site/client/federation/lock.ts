import { readTable } from '../../lib/api/spec-table.ts';
import { coverTogether, type NamedCache, type SharedCoverage } from '../../lib/federation/cover-together.ts';
import { SIBLING_LIMIT_BYTES, SiblingTable } from '../../lib/federation/siblings.ts';
import { shortHash, formatNumber } from '../../lib/format.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { listChildren, makeElement, makeRow, makeTable, makeText, type Child } from '../element.ts';
import { messageOf } from '../site.ts';
import { readSibling } from './read-sibling.ts';

/** Maximum number of missing specs shown. */
const MOST_MISSING = 50;

/** Shows how much of a pasted lock the caches have together, and the mirrors to add. */
export async function coverPasted(text: string, urls: readonly string[], answer: HTMLElement): Promise<void> {
  try {
    const lock = parseLock(text);
    const read = await Promise.allSettled(urls.map(readCache));
    const caches = read.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const problems = read.flatMap((result) =>
      result.status === 'rejected'
        ? [result.reason instanceof Error ? result.reason.message : 'no answer']
        : [],
    );
    answer.replaceChildren(
      ...problems.map((problem) => makeElement('p', 'note', makeText(problem))),
      ...listChildren(describe(coverTogether(lock, caches))),
    );
  } catch (error) {
    answer.replaceChildren(makeElement('p', 'note', makeText(messageOf(error))));
  }
}

function parseLock(text: string): LockFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('Expected the text of a spack.lock, found something that is not JSON.');
  }
  const lock = LockFile.safeParse(value);
  if (lock.success) return lock.data;
  throw new Error('Expected a spack.lock as Spack 1.0 or newer writes it: concretize the environment again.');
}

async function readCache(url: string): Promise<NamedCache> {
  const table = await readSibling(`${url}/api/specs.json`, SiblingTable, SIBLING_LIMIT_BYTES);
  return { url, builds: readTable(table), failures: [] };
}

function describe({ needed, available, percent, caches, mirrors, missing }: SharedCoverage): Child[] {
  const adds = new Map(mirrors.map((mirror, at) => [mirror.url, { ...mirror, place: at + 1 }]));
  const rows = caches.map(({ url, has }) => {
    const chosen = adds.get(url);
    return makeRow(
      makeText(url),
      String(has),
      chosen ? `${chosen.place}. (${chosen.adds} more)` : 'not needed',
    );
  });
  // Spack asks the most recently added mirror first.
  const commands = mirrors
    .toReversed()
    .map(({ url }, at) => `spack mirror add --type binary cache-${mirrors.length - at} ${url}`);
  return [
    makeElement(
      'p',
      'verdict',
      `${percent}%: ${available} of ${formatNumber(needed, 'spec')} can be downloaded from one of these caches.`,
    ),
    makeTable('Caches', ['Cache', 'Specs', 'Mirror'], rows),
    commands.length > 0 && [
      makeElement(
        'p',
        '',
        `${formatNumber(commands.length, 'mirror')} to add, so that Spack asks them in this order:`,
      ),
      makeElement('pre', '', makeElement('code', '', commands.join('\n'))),
    ],
    missing.length > 0 && [
      makeElement('p', '', `${formatNumber(missing.length, 'spec')} to build from source:`),
      makeElement(
        'ul',
        '',
        missing
          .slice(0, MOST_MISSING)
          .map(({ name, version, hash }) =>
            makeElement('li', '', makeText(`${name}@${version} /${shortHash(hash)}`)),
          ),
        missing.length > MOST_MISSING && makeElement('li', '', `and ${missing.length - MOST_MISSING} more`),
      ),
    ],
  ];
}
