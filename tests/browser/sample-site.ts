import { generateCatalog } from '../generate/catalog.ts';
import type { History } from '../generate/history.ts';
import { buildSite, makeFolder, openSite, type TestSite } from './site.ts';

/** A valid name of a branch. */
export const BRANCH = '</script><script>alert(1)</script><img/src=x onerror=alert(2)>&lt;b&gt;';
export const ADDRESS = 'https://owner.example/spack-build-cache';
export const BUILDS = 120;
const OPTIONS = { address: ADDRESS, settings: { GITHUB_REF_NAME: BRANCH } };

/** The site of a generated catalog, with its inputs. It must not be changed: other test files use it. */
export interface SampleSite extends TestSite {
  catalog: string;
  history: History;
}

/** Serves the sample site. */
export async function openSampleSite(): Promise<SampleSite> {
  const catalog = await makeFolder();
  const history = await generateCatalog({ builds: BUILDS, seed: 1, directory: catalog });
  return { ...(await openSite({ catalog, ...OPTIONS })), catalog, history };
}

/** Builds the site of the sample's catalog into a folder. */
export async function buildSampleSite(catalog: string, dist: string): Promise<void> {
  await buildSite({ catalog, ...OPTIONS }, dist);
}
