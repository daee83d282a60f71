import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';

/** Kinds of places that Spack writes to. */
const Place = z.enum(['environment', 'argument', 'stage']);

/** Actions of a real Spack for one command. */
export const Answer = z.strictObject({
  /** The command, without parts that differ between runs. */
  question: z.string(),
  code: z.number().int(),
  /** Output of both streams, in order. */
  output: z.array(z.strictObject({ stream: z.enum(['stdout', 'stderr']), text: z.string() })),
  /** Written files in base64. The path is empty if the place itself is a file. */
  files: z.array(z.strictObject({ place: Place, path: z.string(), content: z.string() })),
});
export type Answer = z.infer<typeof Answer>;
export const Recording = z.array(Answer);

export const RECORDING_FILE = join(import.meta.dirname, 'recording.json');

/**
 * Converts a command to a form that is the same in every run and on every machine: without paths and process
 * numbers, and with an environment's requests instead of its folder.
 */
export function questionOf(args: readonly string[]): string {
  const words = args.flatMap((word, index) => {
    if (word === '-j' || args[index - 1] === '-j') return [];
    if (args[index - 1] === '-e') return `{${readSpecs(word)}}`;
    if (word.endsWith('.py')) return basename(word);
    if (word.startsWith('/') && word.slice(1).includes('/')) return '{path}';
    // The position of a request among those of its run.
    return word.replace(/^plans\/\d+\//, 'plans/{number}/');
  });
  return words.join(' ');
}

/** Returns the places that a command writes to. */
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

/** Folder of this Spack's own files, which differs between runs. */
export function homeOf({ HOME = '' }: Record<string, string | undefined>): string {
  return dirname(resolve(HOME));
}

/** In a stage only the logs matter; the rest depends on the machine. */
const STAGE_LOG = /(?:^|\/)(?:spack-build-(?:\d\d-[^/]+-)?out\.txt|spack-stage-[^/]+\.log)$/;

/** Reads every file at or below a place. */
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

/** Writes files that `readPlace` has read. */
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
