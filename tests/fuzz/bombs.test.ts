import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';

const PROGRAM = join(import.meta.dirname, 'explode.ts');
/** Memory limit, including 100 MiB of Node itself, that a small runner can provide. */
const LIMIT_MIB = 500;
const Outcome = z.object({ refused: z.string().optional(), mebibytes: z.number() });

const NAMES = [
  'a spec file of 256 MB of zeros',
  'a spec file 4 million levels deep',
  'a spec file with a number of 8 million digits',
  'settings whose aliases unfold to a billion values',
  'a tarball with a bill of materials of 15 MiB of empty packages',
  'an API that never ends',
  'an API with 32 MiB of keys',
  'an API with a million wrong texts in a column',
  'an API with a million failures that are none',
  'a job’s record with the times of 400,000 builds',
  'an index whose first name never ends',
  'an index whose builds never end',
  'a registry whose manifest never ends',
  'a registry whose blob never ends',
];
const SLOW = [
  'a job’s record with a million environments',
  'a job’s record of 5 million empty failures',
  'a mirror manifest with 300,000 empty records',
  'an image manifest with a million empty layers',
  'a spec file of version 4 with 3 million nodes',
  'challenge: a tarball of 4 GB of zeros',
  'challenge: a tarball with half a million files',
  'an archive of layout v2 with 4 GB of zeros',
  'a spec file with half a million keys',
  'a tarball of 4 GB of zeros',
  'a tarball with half a million files',
  'a tarball with 90,000 files, each in 40 folders of its own',
  'a snapshot whose aliases unfold to a billion values',
  'lists in a tarball’s YAML that are a million levels deep',
  'YAML in a tarball with a million values',
];

test.each(process.env['FULL'] ? [...NAMES, ...SLOW] : NAMES)(
  '%s is refused with a sentence, using little memory',
  async (name) => {
    // A hang is ended by the time limit of tests.
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, name]);
    const { refused, mebibytes } = Outcome.parse(JSON.parse(stdout));
    expect(refused).toMatch(/^Error: .*(?:expected|deeper than|more than)/);
    expect(mebibytes).toBeLessThan(LIMIT_MIB);
  },
);

test('every bomb is tested', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM]);
  expect(z.array(z.string()).parse(JSON.parse(stdout)).sort()).toEqual([...NAMES, ...SLOW].sort());
});
