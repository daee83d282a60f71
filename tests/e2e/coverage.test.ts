import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Coverage } from '../../site/schemas/api/coverage.ts';
import { EnvironmentDocument } from '../../site/schemas/api/environment-document.ts';
import { openSampleSite, type SampleSite } from '../browser/sample-site.ts';
import { makeFolder, removeFolders } from '../browser/site.ts';
import { FIXTURES } from './made-cache.ts';
import { tryScript, type Outcome } from '../world/run.ts';

const LOCKS = ['x86_64_v3', 'neoverse_v1'].map((name) => join(FIXTURES, `real-nodes/${name}.lock.json`));
/** Exit code when the coverage is lower than requested. */
const TOO_LITTLE = 2;

let site: SampleSite;
let catalog: string;

beforeAll(async () => {
  site = await openSampleSite();
  ({ catalog } = site);
});

afterAll(async () => {
  await site?.close();
  await removeFolders();
});

function cover(file: string, ...args: string[]): Promise<Outcome> {
  return tryScript('coverage', [file, '--cache', site.url, ...args]);
}

test.each(LOCKS)('a real lock file with low coverage: %s', async (lock) => {
  const { code, stdout } = await cover(lock, '--json');
  expect(code).toBe(TOO_LITTLE);
  const { needed, available, percent, missing } = Coverage.parse(JSON.parse(stdout));
  expect(available + missing.length).toBe(needed);
  expect(percent).toBeLessThan(100);
  expect(new Set(missing.map(({ reason }) => reason)).size).toBeGreaterThan(1);

  const told = await cover(lock);
  expect(told.code).toBe(TOO_LITTLE);
  expect(told.stdout.split('\n').filter((line) => line.startsWith('missing '))).toHaveLength(missing.length);
  expect(told.stdout).toContain(`${percent}%: ${available} of ${needed} specs have a binary`);
});

test('an environment: the numbers of the API, and success with enough coverage', async () => {
  const name = 'hpc-tools';
  const folder = await makeFolder();
  await cp(join(catalog, `environments/${name}.lock.json`), join(folder, 'spack.lock'));
  await writeFile(join(folder, 'spack.yaml'), 'spack: {}\n');
  const { code, stdout } = await cover(join(folder, 'spack.yaml'), '--json', '--at-least', '1');
  expect(code).toBe(0);
  const document = EnvironmentDocument.parse(
    JSON.parse(await readFile(join(site.dist, `api/environments/${name}.json`), 'utf8')),
  );
  expect(Coverage.parse(JSON.parse(stdout))).toEqual(document.coverage);
});

test('a coverage that cannot be determined has exit code 1 and a reason', async () => {
  const folder = await makeFolder();
  const file = join(folder, 'spack.lock');
  const expectRefusal = async (outcome: Promise<Outcome>, sentence: string): Promise<void> => {
    const { code, output } = await outcome;
    expect(output).toContain(sentence);
    expect(code).toBe(1);
  };
  await expectRefusal(cover(file), 'expected a lock file, found nothing to read');
  await expectRefusal(cover(join(folder, 'spack.yaml')), 'concretize` first');
  await writeFile(file, '{');
  await expectRefusal(cover(file), 'writes it, found text that is not JSON');
  await writeFile(file, '{"roots":[]}');
  await expectRefusal(cover(file), 'expected a spack.lock as Spack 1.0 or newer writes it');
  const [lock = ''] = LOCKS;
  await expectRefusal(
    tryScript('coverage', [lock, '--cache', `${site.url}/packages`]),
    'is this the address of a cache?',
  );
  await expectRefusal(tryScript('coverage', [lock, '--cache', 'nowhere']), 'expected an address such as');
});
