import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { inject } from 'vitest';
import { isErrorCode } from '../../scripts/cli/files.ts';
import { generateCatalog } from '../generate/catalog.ts';
import type { History } from '../generate/history.ts';
import { buildSite, makeFolder, serveSite } from './site.ts';
import type { TestSite } from './site.ts';

/** A branch may be named so. */
export const BRANCH = '</script><script>alert(1)</script><img/src=x onerror=alert(2)>&lt;b&gt;';
export const ADDRESS = 'https://owner.example/spack-build-cache';
export const BUILDS = 120;

/** The site of a generated catalog, with what it was made of. Nobody writes into it: other files of tests use it. */
export interface SampleSite extends TestSite {
  catalog: string;
  history: History;
}

/** Serves the sample site, which the first file of tests that asks for it builds for all. */
export async function openSampleSite(): Promise<SampleSite> {
  const catalog = await makeFolder();
  const history = await generateCatalog({ builds: BUILDS, seed: 1, directory: catalog });
  const dist = join(inject('shared'), 'sample');
  await buildOnce(dist, async () => {
    await buildSampleSite(catalog, dist);
  });
  return { ...(await serveSite(dist, ADDRESS)), catalog, history };
}

/** Builds the site of the sample's catalog into a folder. */
export async function buildSampleSite(catalog: string, dist: string): Promise<void> {
  await buildSite({ catalog, address: ADDRESS, settings: { GITHUB_REF_NAME: BRANCH } }, dist);
}

/** Does something in one process of several; the others wait until it is done, and fail when it failed. */
async function buildOnce(dist: string, build: () => Promise<void>): Promise<void> {
  const [turn, done, failed] = ['turn', 'done', 'failed'].map((mark) => `${dist}.${mark}`) as [
    string,
    string,
    string,
  ];
  try {
    await mkdir(turn);
  } catch (error) {
    if (!isErrorCode(error, 'EEXIST')) throw error;
    while (!existsSync(done)) {
      if (existsSync(failed))
        throw new Error(`${dist}: another file of tests could not build it`, { cause: error });
      await setTimeout(200);
    }
    return;
  }
  try {
    await build();
    await writeFile(done, '');
  } catch (error) {
    await writeFile(failed, '');
    throw error;
  }
}
