import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Container } from '../../site/schemas/container.ts';
import { hexOf } from '../../site/schemas/digest.ts';
import { readJson } from '../cli/files.ts';

/** `containers/<subject>/<digest in hex>.json`, relative to the catalog's folder. */
export function containerPath(subject: string, { digest }: Pick<Container, 'digest'>): string {
  return `containers/${subject}/${hexOf(digest)}.json`;
}

/** The catalog's records of the containers of a package or an environment (`env-<name>`). */
export function readContainers(catalogDirectory: string, subject: string): Container[] {
  const folder = join(catalogDirectory, 'containers', subject);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files
    .sort()
    .map((name) => readJson(join(folder, name), Container, { advice: 'restore the file from git' }));
}
