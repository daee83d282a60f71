import { isTarget } from '../spack/targets.ts';
import { MACOS_VERSIONS, parseArch, systemGlibc, type Machine } from './machine.ts';

/** Words without further information. */
const FILLERS = new Set(['linux', 'macos', 'on', 'with', 'lts', 'cpu']);

/**
 * Parses the output of `spack arch` or a phrase such as `Rocky Linux 8, zen3`. Undefined for anything else.
 */
export function readMachine(text: string): Machine | undefined {
  const machine = parseArch(text);
  if (machine) return machine;
  const words = text
    .toLowerCase()
    .replaceAll(/[,;·/]/g, ' ')
    .trim();
  // `rocky linux 8` and `el8` are rocky8 and rhel8.
  const joined = words
    .replaceAll(/\b([a-z]+)(?: linux)? (\d[\d.]*)\b/g, (typed, name: string, version: string) =>
      systemGlibc(name + version) === undefined ? typed : name + version,
    )
    .replaceAll(/\bel(?=\d+\b)/g, 'rhel');
  const rest = joined.split(/\s+/).filter((word) => !FILLERS.has(word));
  const [os, target] = [rest.find(isSystem), rest.find(isTarget)];
  if (os === undefined || target === undefined || rest.length > 2) return undefined;
  return parseArch(`${MACOS_VERSIONS.includes(os) ? 'darwin' : 'linux'}-${os}-${target}`);
}

function isSystem(word: string): boolean {
  return systemGlibc(word) !== undefined || MACOS_VERSIONS.includes(word);
}
