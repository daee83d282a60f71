/**
 * A page of the owner's guide: `site/pages/guide/<name>.md`.
 * The first one is `index.md` and has an empty name.
 */
export interface GuidePage {
  name: string;
  title: string;
  /** Description for search engines and the list of pages. */
  description: string;
}

/** Pages of the guide in reading order. */
export const GUIDE: readonly GuidePage[] = [
  {
    name: '',
    title: 'Owner’s guide',
    description: 'What a Spack build cache on GitHub is, and what to read next.',
  },
  {
    name: 'three-clicks',
    title: 'Three clicks to a cache',
    description: 'Use the template, switch Pages on, run a workflow: with pictures.',
  },
  {
    name: 'manual',
    title: 'Build by hand',
    description: 'Every field of the form “Run workflow”, and what a run does.',
  },
  {
    name: 'schedule',
    title: 'Build on a schedule',
    description: 'Random packages, day by day: how to switch this on and adjust it.',
  },
  {
    name: 'environments',
    title: 'Build environments',
    description: 'A spack.yaml in the repository becomes a stack that everyone can install.',
  },
  {
    name: 'long-builds',
    title: 'Long builds',
    description: 'How a run divides long work over jobs, and what happens when it does not fit.',
  },
  {
    name: 'own-packages',
    title: 'Your own packages',
    description: 'Recipes of your own, in this repository or another.',
  },
  {
    name: 'settings',
    title: 'Settings',
    description: 'The settings file, repository variables and secrets: all of them, and their defaults.',
  },
  {
    name: 'signing-key',
    title: 'A signing key',
    description: 'Make a key, store it, sign existing builds, change the key.',
  },
  {
    name: 'containers',
    title: 'Containers',
    description: 'Images that run with Docker, Podman and Apptainer.',
  },
  {
    name: 'older-systems',
    title: 'Older systems and other machines',
    description: 'Targets: clusters with an old glibc, Arm, Apple silicon.',
  },
  {
    name: 'private',
    title: 'Private caches and other registries',
    description: 'What works in a private repository, and how to use a registry other than ghcr.io.',
  },
  {
    name: 'elsewhere',
    title: 'Offline copies and other hosts',
    description:
      'Take a cache to machines without a network, or serve the site from a host other than GitHub Pages.',
  },
  {
    name: 'limits',
    title: 'Costs and limits',
    description: 'Minutes, gigabytes, hours and jobs: what GitHub offers, and what happens at each limit.',
  },
  {
    name: 'growth',
    title: 'A growing cache',
    description: 'What breaks first as a cache grows, at which size, and what to do, with figures.',
  },
  {
    name: 'cleaning-up',
    title: 'Cleaning up',
    description: 'Which builds prune removes, how to pin those to keep, and what happens to clients.',
  },
  {
    name: 'import',
    title: 'Import another cache',
    description:
      'Copy builds from a mirror, a registry or an older cache, and decide whose signatures to trust.',
  },
  {
    name: 'build-records',
    title: 'What is recorded of a build',
    description: 'Build times, logs, versions deprecated by Spack, and bills of materials.',
  },
  {
    name: 'health',
    title: 'Check the cache',
    description: 'The weekly check of catalog, registry and site, and whether builds are reproducible.',
  },
  {
    name: 'updates',
    title: 'Update to a new release',
    description: 'How to update your copy to a new release of the template.',
  },
  {
    name: 'failures',
    title: 'When something fails',
    description: 'Read a failure, try again, and what each red cross means.',
  },
  {
    name: 'questions',
    title: 'Questions',
    description: 'Architectures, compilers, build errors, size: asked before, answered here.',
  },
];

/** Finds a page of the guide with its neighbours. Throws if it is not in `GUIDE`. */
export function findGuidePage(name: string): {
  page: GuidePage;
  previous: GuidePage | undefined;
  next: GuidePage | undefined;
} {
  const index = GUIDE.findIndex((page) => page.name === name);
  const page = GUIDE[index];
  if (!page)
    throw new Error(`site/pages/guide/${name}.md: expected an entry in GUIDE of site/lib/page/guide.ts`);
  return { page, previous: GUIDE[index - 1], next: GUIDE[index + 1] };
}
