import type { Build } from '../../schemas/build.ts';
import { formatCount, formatDate, formatSize } from '../../lib/format.ts';
import { compareSpecs, type ComparedSpec } from './spec-differences.ts';

/** A build with all that it is compared by. */
export interface ComparedBuild {
  build: Build;
  spec: ComparedSpec;
}

/** A line of a comparison. */
export interface ComparisonLine {
  group: string;
  name: string;
  left: string;
  right: string;
}

/** Compares two builds in everything that may differ: equal texts where they agree. */
export function compareBuilds(left: ComparedBuild, right: ComparedBuild): ComparisonLine[] {
  const specs = compareSpecs(left.spec, right.spec);
  const [a, b] = [left.build, right.build];
  const line = (group: string, name: string, describe: (build: Build) => string): ComparisonLine => ({
    group,
    name,
    left: describe(a),
    right: describe(b),
  });
  return [
    ...specs,
    line('Size', 'download', ({ tarball }) => formatSize(tarball.size)),
    line('Size', 'installed', ({ tarball }) => formatSize(tarball.installedSize)),
    line('Size', 'files', ({ tarball }) => formatCount(tarball.files)),
    line('Needs', 'glibc', ({ contents }) => (contents.glibc ? `${contents.glibc} or newer` : '')),
    ...compareNames('Programs', a.contents.programs, b.contents.programs),
    ...compareNames('Libraries', a.contents.libraries, b.contents.libraries),
    line('Origin', 'published', ({ published }) => formatDate(published)),
    line('Origin', 'Spack', ({ origin }) => origin.spack ?? ''),
    line('Origin', 'packages', ({ origin }) => origin.packages?.slice(0, 10) ?? ''),
    line('Origin', 'runner', ({ origin }) => origin.runner ?? ''),
  ];
}

/** Names that both ship in one line, those of one alone in lines of their own. */
function compareNames(group: string, left: readonly string[], right: readonly string[]): ComparisonLine[] {
  const both = left.filter((name) => right.includes(name));
  const onlyLeft = left.filter((name) => !right.includes(name));
  const onlyRight = right.filter((name) => !left.includes(name));
  const lines: ComparisonLine[] = [];
  if (both.length > 0) lines.push({ group, name: 'in both', left: both.join(', '), right: both.join(', ') });
  if (onlyLeft.length + onlyRight.length > 0)
    lines.push({ group, name: 'only here', left: onlyLeft.join(', '), right: onlyRight.join(', ') });
  return lines;
}
