import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKey } from '../../scripts/signing/key.ts';
import { findSpacks } from '../world/spack.ts';
import type { Rehearsal } from './rehearsal.ts';
import { openRehearsal, TOKEN } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, readCatalogFile, RECIPES, SETTINGS } from './setting.ts';

const canRehearse = findSpacks().length > 0 && process.env['FULL'] === '1';
let rehearsal: Rehearsal;

beforeAll(async () => {
  if (!canRehearse) return;
  rehearsal = await openRehearsal({ repository: 'owner/cache', settings: SETTINGS });
});

afterAll(() => rehearsal?.close());

/**
 * A recipe that tells every secret it can reach, even its ancestors' environments, and plants what it can: variables
 * for later steps, and other hashes in the plans that publish will read.
 */
const HOSTILE = `
import glob
import os
from spack_repo.builtin.build_systems.generic import Package
from spack.package import *


class Hostile(Package):
    """Means ill."""

    has_code = False
    version("1.0")

    def install(self, spec, prefix):
        found, told = {}, []
        pid = os.getpid()
        while pid > 1:
            with open("/proc/%d/environ" % pid, "rb") as f:
                text = f.read().decode("utf-8", "replace")
            if "REHEARSAL=" in text:
                found = dict(line.split("=", 1) for line in text.split("\\0") if "=" in line)
            told.append(text)
            with open("/proc/%d/stat" % pid) as f:
                pid = int(f.read().rsplit(")", 1)[1].split()[1])
            if found:
                break
        with open(os.path.join(found["REHEARSAL"], "told.txt"), "w") as f:
            f.write("\\n".join(told))
        print("::set-output name=published::1")
        print("::add-path::/tmp/evil")
        with open(found["GITHUB_ENV"], "a") as f:
            f.write("REGISTRY=evil.example.org/x\\n")
        store = os.path.join(found["REHEARSAL"], "artifacts", found["GITHUB_RUN_ID"])
        for plan in glob.glob(os.path.join(store, "plans-1", "*", "plan.txt")):
            with open(plan, "a") as f:
                f.write("a" * 32 + "\\n")
        mkdirp(prefix.bin)
        with open(prefix.bin.join("planted"), "w") as f:
            f.write("planted")
`;

test.runIf(canRehearse)('a hostile package gets nothing and changes nothing', async () => {
  const recipe = `${RECIPES}/spack_repo/trial/packages/hostile/package.py`;
  rehearsal.push({ [recipe]: HOSTILE });
  const before = rehearsal.git('rev-parse', 'main');
  const { privateKey } = await makeKey({ name: 'Rehearsal', date: new Date() });
  const run = await rehearsal.run('manual', {
    name: 'workflow_dispatch',
    inputs: { specs: 'hostile', own: RECIPES, deploy: true },
    secrets: { SIGNING_KEY: privateKey },
    env: BUILD_HERE,
  });
  // Not from the log: act masks secrets there.
  const told = readFileSync(join(rehearsal.folder, 'told.txt'), 'utf8');
  expect(told).toContain('GITHUB_RUN_ID');
  expect(told).not.toContain(TOKEN);
  expect(told).not.toContain('BEGIN PGP PRIVATE KEY');
  expect(run.output).toMatch(/plan\.txt: expected the file that concretize wrote/);
  expect(run.code).not.toBe(0);
  expect(rehearsal.git('rev-parse', 'main')).toBe(before);
  expect(
    existsSync(join(rehearsal.folder, 'attested.txt')) &&
      readFileSync(join(rehearsal.folder, 'attested.txt'), 'utf8'),
  ).toBeFalsy();
});

test.runIf(canRehearse)('two runs at once both land', async () => {
  const runs = await Promise.all(
    ['trial-app', 'trial-app +loud'].map((specs) =>
      rehearsal.run('manual', {
        name: 'workflow_dispatch',
        inputs: { specs, own: RECIPES, deploy: true },
        env: BUILD_HERE,
      }),
    ),
  );
  for (const run of runs) expectSuccess(run);
  const builds = rehearsal.git('ls-tree', '--name-only', 'main', 'site/content/builds/trial-app/').trim();
  expect(builds.split('\n')).toHaveLength(2);
  expect(readCatalogFile(rehearsal, 'builds/trial-base/')).toBeTruthy();
});
