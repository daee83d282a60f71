import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildPath } from '../../site/lib/url.ts';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { Build } from '../../site/schemas/build.ts';
import { findSpacks } from '../world/spack.ts';
import { installFromSite } from './install-from-site.ts';
import { openRehearsal } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, readCatalogFile, RECIPES, TARGET } from './setting.ts';

/**
 * A local Docker image that replaces the one of the default targets: what `manylinux.sh` makes, or that image itself
 * with clingo for its Python, where Spack cannot fetch it.
 */
const IMAGE = process.env['REHEARSAL_IMAGE'];
/** The Spack to use, or that of SPACK_ROOT: it must not have settings with this machine's compilers. */
const [spack] = findSpacks().filter(({ program }) => program.startsWith(process.env['SPACK_ROOT'] ?? ''));
const PROJECT = resolve(import.meta.dirname, '../..');
/**
 * Volume that act mounts in each container. It is this machine's root, to provide the files that GitHub
 * provides.
 */
const VOLUME = { name: 'act-toolcache', path: '/opt/hostedtoolcache' };

test.runIf(IMAGE && spack && process.env['FULL'] === '1')(
  'the default target: built in its container, installed by a user on this machine',
  async () => {
    const image = 'localhost/spack-build-cache-rehearsal:1';
    const targets = BuildCacheSettings.parse({}).targets.map((target) =>
      target.container === undefined ? target : { ...target, container: image },
    );
    const settings = JSON.stringify({ targets });
    const rehearsal = await openRehearsal({ repository: 'Some-Owner/Default', settings });
    onTestFinished(() => rehearsal.close());
    const program = realpathSync(spack?.program ?? '');
    const root = resolve(program, '../..');
    const recipes = execFileSync(program, ['location', '--repo', 'builtin'], { encoding: 'utf8' }).trim();
    makeImage(image, [PROJECT, rehearsal.folder, root, recipes]);
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'trial-app', own: RECIPES, deploy: true },
      env: { ...BUILD_HERE, SPACK_ROOT: root },
    });
    expectSuccess(run);
    const app = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-app/')));
    expect(app.origin).toMatchObject({ target: TARGET, runner: 'ubuntu-24.04', container: image });
    const [, libc = ''] =
      /^ldd .* (\d[\d.]*)$/m.exec(docker('run', '--rm', '--network', 'host', image, 'ldd', '--version')) ??
      [];
    const page = await (await rehearsal.fetch(`${rehearsal.siteUrl}${buildPath(app)}`)).text();
    expect(page).toContain(`Spack chooses it by itself with glibc ${libc} or newer`);
    expect(await installFromSite(rehearsal, app.hash, 'trial-app', false)).toBe('1.2 hello');
  },
);

/** Adds links to an image, so that folders of this machine have the same paths in it. */
function makeImage(image: string, folders: string[]): void {
  const context = mkdtempSync(join(tmpdir(), 'image-'));
  onTestFinished(() => rmSync(context, { recursive: true }));
  for (const folder of folders) {
    const link = join(context, 'links', folder);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(VOLUME.path, folder), link);
  }
  // The stand-in for checkout looks for this file.
  writeFileSync(join(context, 'links/rehearsed-container'), '');
  writeFileSync(join(context, 'Dockerfile'), `FROM ${IMAGE}\nCOPY links /\n`);
  docker('build', '--quiet', '--tag', image, context);
  const options = ['type=none', 'o=bind', 'device=/'].flatMap((option) => ['--opt', option]);
  docker('volume', 'create', ...options, VOLUME.name);
}

function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8' });
}
