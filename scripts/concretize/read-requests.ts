import { readFileSync } from 'node:fs';
import { BuildRequests, type BuildRequest } from '../../site/schemas/build-request.ts';
import { parseJson } from '../../site/lib/json.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';

/**
 * Reads what `choose` printed: from a file (`-` is standard input), or else from the variable REQUESTS.
 * @param target only requests for this target; empty: all
 */
export function readRequests(
  file: string | undefined,
  target: string,
  environment: ProcessEnvironment,
): BuildRequest[] {
  const text = file === undefined ? environment['REQUESTS'] : readFileSync(file === '-' ? 0 : file, 'utf8');
  const where = file ?? 'environment variable REQUESTS';
  if (!text) throw new Error(`${where}: expected what choose printed, found nothing; give --requests FILE`);
  return parseRequests(text, where).filter((request) => target === '' || request.target === target);
}

/** The pure part of `readRequests`; `where` names the text in errors. */
export function parseRequests(text: string, where: string): BuildRequest[] {
  return parseJson(text, BuildRequests, {
    where,
    expected: 'the JSON that choose printed',
    advice: 'let choose make it',
  });
}
