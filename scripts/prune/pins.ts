import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { parseYaml } from '../../site/lib/yaml.ts';
import { Pin } from '../../site/schemas/pin.ts';

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

/** Reads one pin; `where` names its file in errors. */
export function parsePin(text: string, where: string): Pin {
  const result = Pin.safeParse(parseYaml(text, where));
  if (result.success) return result.data;
  throw new Error(`${where}: ${z.prettifyError(result.error)}; nothing was removed`);
}
