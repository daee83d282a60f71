import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { parsePin } from '../../site/lib/catalog/kept-builds.ts';
import type { Pin } from '../../site/schemas/pin.ts';
import { readEntries } from '../catalog/catalog.ts';

/** Reads the owner's pins, by file name without its ending. Throws, naming file and line, on one that is not right. */
export function readPins(directory: string): Map<string, Pin> {
  return new Map(
    readEntries(directory, 'pins').map(({ id, body = '' }) => [id, parsePin(body, catalogPath('pins', id))]),
  );
}
