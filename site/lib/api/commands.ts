import { isCompressed, type Endpoint } from './endpoints.ts';
import type { ApiSample } from './samples.ts';
import { settingsOf } from './views.ts';
import type { Commands } from '../commands/build-commands.ts';
import { keyPath } from '../commands/commands.ts';
import type { Include } from '../../schemas/api/view-list.ts';
import { solverSettingsPath } from '../mirror/consumer-settings.ts';
import { includeOf } from '../mirror/recorded-settings.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { apiPath, externalUrl, siteAddress } from '../url.ts';

/** Commands that query an endpoint with curl and jq. */
export function endpointCommands(endpoint: Endpoint, { path }: ApiSample): Commands[] {
  const unpack = isCompressed(endpoint) ? ' | gunzip' : '';
  return Object.entries(endpoint.filters).map(([label, filter]) => ({
    label,
    lines: [`curl -fsS ${externalUrl(path)}${unpack} | jq -r '${filter}'`],
  }));
}

/** Commands that verify any list through the one signature of the index. */
export function signatureCommands({ keys }: SiteCatalog): Commands[] {
  if (keys.length === 0) return [];
  const index = externalUrl(apiPath('index'));
  const select = '.endpoints[] | select(.name == "packages") | "\\(.sha256)  packages.json"';
  return [
    {
      label: 'Check the signature of the index',
      lines: [
        ...keys.map((key) => `curl -fsS ${externalUrl(keyPath(key))} | gpg --import`),
        `curl -fsSO ${index} -O ${index}.asc`,
        'gpg --verify index.json.asc index.json',
      ],
    },
    {
      label: 'Check a list against the index',
      lines: [
        `curl -fsSO ${index} -O ${externalUrl(apiPath('packages'))}`,
        `jq -r '${select}' index.json | sha256sum --check`,
      ],
    },
  ];
}

/** Commands that add this cache by a settings file, in the user's own scope or by an include. */
export function settingsCommands(catalog: SiteCatalog): Commands[] {
  const files = settingsOf(catalog);
  const [file] = files;
  if (!file) return [];
  const { include } = includeOf(file.sha256, catalog.recorded);
  const solver = files.find(({ path }) => path === solverSettingsPath());
  const ofSolver = solver && includeOf(solver.sha256, catalog.recorded).include;
  return [
    {
      label: 'Download, if you have no mirrors.yaml yet',
      lines: [
        `test -e ~/.spack/mirrors.yaml || curl -fsS --create-dirs -o ~/.spack/mirrors.yaml ${externalUrl(`/api/${file.path}.yaml`)}`,
      ],
    },
    ...(include
      ? [
          {
            label: 'Or include, in spack.yaml below "spack:", or in ~/.spack/include.yaml',
            lines: includeLines(include),
          },
        ]
      : []),
    ...(ofSolver
      ? [
          {
            label:
              'Or include, with settings that make the solver choose builds of this cache: targets, compilers, reuse',
            lines: includeLines(ofSolver),
          },
        ]
      : []),
  ];
}

function includeLines({ path, sha256 }: Include): string[] {
  return ['include:', `- path: ${path}`, `  sha256: ${sha256}`];
}

/** Command that reports the coverage of a lock file. */
export function coverageCommands(): Commands[] {
  return [
    {
      label: "How much of a spack.lock has binaries here, in this project's folder",
      lines: [`node scripts/coverage.ts spack.lock --cache ${siteAddress()}`],
    },
  ];
}

/** A badge for a README. */
export function badgeMarkdown(name: string): string {
  return `![Spack builds](https://img.shields.io/endpoint?url=${encodeURIComponent(externalUrl(`/api/badges/${name}.json`))})`;
}
