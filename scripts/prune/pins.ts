import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parsePin } from '../../site/lib/catalog/kept-builds.ts';
import type { Pin } from '../../site/schemas/pin.ts';

/** Reads the owner's pins, by file name without its ending. Throws, naming file and line, on one that is not right. */
export function readPins(directory: string): Map<string, Pin> {
  const folder = join(directory, 'pins');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : [];
  return new Map(
    names
      .sort()
      .map((name) => [
        basename(name, '.yaml'),
        parsePin(readFileSync(join(folder, name), 'utf8'), `pins/${name}`),
      ]),
  );
}
