import { z } from 'zod';
import { PackageName } from '../node.ts';
import { Link, apiDocument, linksTo } from './link.ts';
import { Count, Moment, Text, Texts } from '../values.ts';

/** A short description of a package. */
const PackageSummary = z.strictObject({
  name: PackageName.describe("The package's name."),
  description: Text.optional().describe('Description in one paragraph. Absent: not known.'),
  versions: Texts.min(1).describe("Versions with a build, in Spack's order, the highest first."),
  targets: Texts.min(1).describe('Targets with a build, sorted.'),
  builds: z.int().positive().describe('Number of builds.'),
  size: Count.describe('Bytes of all tarballs.'),
  updated: Moment.describe('When the newest build was published.'),
});

/** `/api/packages.json`: all packages with a build, by name. */
export const PackageList = apiDocument('All packages with a build.', {
  packages: z.array(PackageSummary).describe('By name.'),
  links: linksTo({
    index: Link.describe('The index of this API.'),
    package: Text.describe('One package: replace `{name}` with its name.'),
  }),
});
export type PackageList = z.infer<typeof PackageList>;
