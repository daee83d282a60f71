import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { runScript } from '../world/run.ts';
import { openSpack, SPACK_ADVICE, testedSpacks, type Spack } from '../world/spack.ts';
import { readFixturePackages } from './fixture-builds.ts';
import { addMirror, listBuilds, spack } from './installing.ts';
import { FIXTURES, makeFolder } from './made-cache.ts';

/** Folders in a checkout of Spack with the layout v2 mirror of its own tests, and with its recipes. */
const MIRRORS = 'lib/spack/spack/test/data/mirrors/v2_layout';
const RECIPES = 'var/spack/test_repos/spack_repo/builtin_mock';

const spacks = testedSpacks().map((spack) => ({ ...spack, root: rootOf(spack) }));
const versions = spacks.filter(({ root }) =>
  [MIRRORS, RECIPES].every((path) => existsSync(join(root, path))),
);
const why = spacks.length === 0 ? SPACK_ADVICE : 'the Spack on PATH comes without its tests';

test.skipIf(versions.length > 0)(`skipped: ${why}`, ({ skip }) => skip());

/** Asks Spack itself for its root: the program on PATH may be a wrapper script. */
function rootOf({ program }: Spack): string {
  return execFileSync(program, ['location', '--spack-root'], { encoding: 'utf8' }).trim();
}

test.each(versions)(
  'Spack $version lists and installs builds imported from v2, v3 and OCI',
  async (version) => {
    const folder = await makeFolder();
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const made = { dist: join(folder, 'dist'), catalog: join(folder, 'catalog') };
    const places = ['--registry', `oci-layout:${join(folder, 'registry')}`, '--catalog', made.catalog];
    const signed = join(version.root, MIRRORS, 'signed');
    const key = join(signed, 'build_cache/_pgp/CBAB2C1032C6FF5078049EC0FA61D50C12CAD37E.pub');
    await runScript('import', [signed, '--trust', key, ...places]);
    await runScript('import', [join(version.root, MIRRORS, 'unsigned'), ...places]);
    await runScript('import', [join(FIXTURES, 'cache-unsigned'), '--spec', 'libbsd', ...places]);
    await runScript('import', [`oci-layout:${join(FIXTURES, 'oci-by-spack')}`, ...places]);
    await mkdir(made.dist);
    await writeFile(join(made.dist, 'index.html'), '');
    await runScript('mirror', [...places, '--dist', made.dist, '--blobs', join(folder, 'blobs')]);

    const hashes = [...readCatalog(made.catalog).builds.keys()];
    expect(hashes).toHaveLength(10);
    const home = await openSpack(version, readFixturePackages('cache-unsigned'));
    onTestFinished(() => home.close());
    await spack(home, ['repo', 'add', join(version.root, RECIPES)]);
    await addMirror(home, 'made', `file://${made.dist}`, false);
    const listed = (await listBuilds(home)).join('\n');
    expect(hashes.filter((hash) => !listed.includes(hash))).toEqual([]);
    const specs = hashes.map((hash) => `/${hash}`);
    await spack(home, ['-c', 'concretizer:unify:false', 'install', '--use-buildcache', 'only', ...specs]);
    const { stdout } = await home.run(['find', '--format', '{hash}']);
    expect(hashes.filter((hash) => !stdout.includes(hash))).toEqual([]);
  },
);
