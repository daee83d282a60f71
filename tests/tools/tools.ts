import { existsSync } from 'node:fs';
import { chromium } from 'playwright';
import { installFromDebian, unpackFromDebian } from './debian.ts';
import { installGoProgram } from './go-program.ts';
import { findProgram } from './path.ts';
import { installPythonProgram } from './python-program.ts';
import { CLINGO_ADVICE, findSolvers, findSpacks } from '../world/spack.ts';
import { ORAS_VERSION, readOrasVersion } from '../../scripts/oci/install-oras.ts';

/** A program that tests need and the project does not include. */
export interface Tool {
  name: string;
  find(): string | undefined;
  /**
   * Its source. Tools of one source are installed one after another: apt uses a lock, and Go compiles shared
   * code once.
   */
  source?: 'Debian' | 'Go' | 'PyPI';
  /** Installs it without asking; throws the reason if it cannot. Absent if only a person can. */
  get?(): Promise<void>;
  /** Instructions for a person to get it. */
  advice: string;
  /** Whether its absence is a failure with `CI=true`. */
  required: boolean;
}

/** Chromium without a user interface, which opens pages five times as fast. */
const SHELL = 'chromium-headless-shell';
/** Program names of complete browsers. */
const CHROMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

export const TOOLS_NEEDED: Tool[] = [
  {
    name: 'gpg',
    find: () => findProgram('gpg'),
    source: 'Debian',
    get: () => installFromDebian('gnupg'),
    advice: 'install GnuPG, on Debian with "apt-get install gnupg"',
    required: true,
  },
  {
    name: 'docker-registry',
    find: () => findProgram('docker-registry'),
    source: 'Debian',
    get: () => unpackFromDebian('docker-registry', 'usr/bin/docker-registry'),
    advice: 'put the program docker-registry of https://github.com/distribution/distribution on PATH',
    required: true,
  },
  {
    name: 'oras',
    find: () => findOras(),
    source: 'Go',
    get: () => installGoProgram(`oras.land/oras/cmd/oras@v${ORAS_VERSION}`),
    advice: `see https://oras.land/docs/installation, version ${ORAS_VERSION}`,
    required: true,
  },
  {
    name: SHELL,
    find: () => process.env['CHROME_PATH'] ?? findProgram(SHELL),
    source: 'Debian',
    get: () => installFromDebian(SHELL),
    advice: 'tests of pages run in a whole Chrome, and take longer',
    required: false,
  },
  {
    name: 'Chrome',
    // The shell is enough for npm test, but not for the full test.
    find: () => findChrome(process.env['FULL'] ? CHROMES : undefined),
    source: 'Debian',
    get: () => installFromDebian('chromium'),
    advice: 'install Chrome or Chromium, or set CHROME_PATH to one',
    required: true,
  },
  ...['curl', 'jq'].map((name): Tool => ({
    name,
    find: () => findProgram(name),
    source: 'Debian',
    get: () => installFromDebian(name),
    advice: `install ${name}, on Debian with "apt-get install ${name}"`,
    required: true,
  })),
  {
    name: 'Schemathesis',
    find: () => findProgram('schemathesis'),
    source: 'PyPI',
    get: () => installPythonProgram('schemathesis==4.32.5'),
    advice: 'it needs Python 3.10 or newer with venv (on Debian "apt-get install python3-venv") and PyPI',
    required: true,
  },
  {
    name: 'act',
    find: () => findProgram('act'),
    source: 'Go',
    get: () => installGoProgram('github.com/nektos/act@v0.2.89'),
    advice: 'see https://nektosact.com; the rehearsal runs the workflows with it',
    required: true,
  },
  {
    name: 'actionlint',
    find: () => findProgram('actionlint'),
    source: 'Go',
    get: () => installGoProgram('github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'),
    advice: 'see https://github.com/rhysd/actionlint',
    required: true,
  },
  {
    name: 'zizmor',
    find: () => findProgram('zizmor'),
    source: 'PyPI',
    get: () => installPythonProgram('zizmor==1.32.0'),
    advice: 'see https://docs.zizmor.sh/installation',
    required: true,
  },
  {
    name: 'SPDX tools',
    find: () => findProgram('pyspdxtools'),
    source: 'PyPI',
    get: () => installPythonProgram('spdx-tools==0.8.5', 'pyspdxtools'),
    advice: 'see https://github.com/spdx/tools-python; it checks the bills of materials',
    required: true,
  },
  {
    name: 'Spack',
    find: () => findSpacks()[0]?.program,
    advice:
      'put spack (1.0 or newer, more as spack-<version>) on PATH, or set SPACK_ROOT to a checkout of ' +
      'https://github.com/spack/spack',
    required: false,
  },
  {
    name: 'clingo',
    // A missing Spack has been reported.
    find: () => (findSpacks().length === 0 || findSolvers().length > 0 ? 'clingo' : undefined),
    advice: CLINGO_ADVICE,
    required: false,
  },
];

/** Finds ORAS in the version that the workflows install: tests of another version would prove little. */
function findOras(): string | undefined {
  const program = findProgram('oras');
  return program !== undefined && readOrasVersion(program) === ORAS_VERSION ? program : undefined;
}

/**
 * Finds the Chrome for tests: CHROME_PATH, one on PATH (a complete one for the full test), or that of
 * Playwright.
 */
export function findChrome(
  names = process.env['FULL'] ? [...CHROMES, SHELL] : [SHELL, ...CHROMES],
): string | undefined {
  const given = process.env['CHROME_PATH'];
  if (given) return existsSync(given) ? given : undefined;
  for (const name of names) {
    const path = findProgram(name);
    if (path) return path;
  }
  const fetched = chromium.executablePath();
  return existsSync(fetched) ? fetched : undefined;
}
