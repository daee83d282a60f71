import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';

/** Folders that Spack writes to, by what they are to it. */
const Place = z.enum(['environment', 'argument', 'stage']);

/** What a real Spack did for one command. */
export const Answer = z.strictObject({
  /** The command, without what differs from run to run. */
  question: z.string(),
  code: z.number().int(),
  /** Both streams as they came. */
  output: z.array(z.strictObject({ stream: z.enum(['stdout', 'stderr']), text: z.string() })),
  /** What it wrote, in base64. An empty path: the place itself is a file. */
  files: z.array(z.strictObject({ place: Place, path: z.string(), content: z.string() })),
});
export type Answer = z.infer<typeof Answer>;
export const Recording = z.array(Answer);

export const RECORDING_FILE = join(import.meta.dirname, 'recording.json');

/**
 * A command in a form that is the same in every run and on every machine: paths and numbers of processes go, and an
 * environment is what it asks for.
 */
export function questionOf(args: readonly string[]): string {
  const words = args.flatMap((word, index) => {
    if (word === '-j' || args[index - 1] === '-j') return [];
    if (args[index - 1] === '-e') return `{${readSpecs(word)}}`;
    if (word.endsWith('.py')) return basename(word);
    if (word.startsWith('/') && word.slice(1).includes('/')) return '{path}';
    // The place of a request among those of its run.
    return word.replace(/^plans\/\d+\//, 'plans/{number}/');
  });
  return words.join(' ');
}

/** Where a command writes. */
export function placesOf(
  args: readonly string[],
  environment: Record<string, string | undefined>,
): Map<z.infer<typeof Place>, string> {
  const places = new Map<z.infer<typeof Place>, string>();
  const folder = args[args.indexOf('-e') + 1];
  if (args.includes('concretize') && folder) places.set('environment', join(folder, 'spack.lock'));
  const argument = args.findLast((word) => word.startsWith('/') && word.slice(1).includes('/'));
  if ((args.includes('push') || args.includes('python')) && argument && !argument.endsWith('.py')) {
    places.set('argument', argument);
  }
  if (args.some((word) => basename(word) === 'install.py'))
    places.set('stage', join(homeOf(environment), 'stage'));
  return places;
}

/** The folder in which this Spack keeps what is its own: it differs from run to run. */
export function homeOf({ HOME = '' }: Record<string, string | undefined>): string {
  return dirname(resolve(HOME));
}

/** Of a stage only the logs matter; the rest tells of the machine. */
const STAGE_LOG = /(?:^|\/)(?:spack-build-(?:\d\d-[^/]+-)?out\.txt|spack-stage-[^/]+\.log)$/;

/** Every file at or below a place. */
export function readPlace(place: z.infer<typeof Place>, path: string): Answer['files'] {
  if (!existsSync(path)) return [];
  const names = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
        statSync(join(path, name)).isFile(),
      )
    : [''];
  const kept = names.filter((name) => place !== 'stage' || STAGE_LOG.test(name));
  return kept.sort().map((name) => ({
    place,
    path: name,
    content: readFileSync(join(path, name)).toString('base64'),
  }));
}

/** Writes what was read by `readPlace`. */
export function writePlace(path: string, files: Answer['files']): void {
  for (const file of files) {
    const target = join(path, file.path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, Buffer.from(file.content, 'base64'));
  }
}

const SpackYaml = z.object({ spack: z.object({ specs: z.array(z.string()) }) });

function readSpecs(folder: string): string {
  return SpackYaml.parse(JSON.parse(readFileSync(join(folder, 'spack.yaml'), 'utf8'))).spack.specs.join(' ');
}
