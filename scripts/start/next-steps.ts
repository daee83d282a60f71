import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Build } from '../../site/schemas/build.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** A build to show in a command; absent in an empty catalog. */
export type Example = Pick<Build, 'name' | 'version' | 'hash'> & { program: string };

/** Chooses the smallest build that has a program: it is quickly tried. */
export async function readExample(catalog: string): Promise<Example | undefined> {
  const builds: Build[] = [];
  for await (const path of glob('builds/*/*.json', { cwd: catalog })) {
    builds.push(Build.parse(JSON.parse(await readFile(join(catalog, path), 'utf8'))));
  }
  const [smallest] = builds
    .filter(({ contents }) => contents.programs.length > 0)
    .sort((a, b) => a.tarball.size - b.tarball.size || compareTexts(a.hash, b.hash));
  const program = smallest?.contents.programs[0];
  return smallest && program !== undefined ? { ...smallest, program } : undefined;
}

/** What `npm start` says at its end. The mirror is named as the site's own commands name it: by its base path. */
export function describeNextSteps(url: string, example: Example | undefined, serving: boolean): string {
  const name = url.split('/').at(-1) ?? '';
  const lines = [
    `Open    ${url}/`,
    '',
    'Use it with Spack 1.0 or newer, in another terminal:',
    `  spack mirror add --type binary ${name} ${url}`,
    '  spack buildcache keys --install --trust',
    '  spack buildcache list -a',
  ];
  if (example) {
    const { name: label, version, hash, program } = example;
    lines.push(
      `  spack install --use-buildcache only /${hash}`,
      `  $(spack location -i /${hash})/bin/${program} --version`,
      '',
      `That was ${label} ${version}. When done: spack mirror remove ${name}`,
    );
  }
  lines.push(
    '',
    serving ? 'Serving until Ctrl-C.' : 'Everything is made; run it without --no-serve to serve it.',
  );
  return `\n${lines.join('\n')}`;
}
