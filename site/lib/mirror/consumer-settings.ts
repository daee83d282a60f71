import { registryMirrorName, spackUrlOf } from '../registry-address.ts';
import { ALL_VIEW } from './views.ts';
import { solverLines, type SolverFacts } from './solver-settings.ts';

/** How this cache can be reached. */
export interface Endpoints {
  /** The name that the mirror gets. */
  name: string;
  /** The HTTPS mirror, no slash at the end. */
  url: string;
  /** Whether manifests there are signed. */
  signed: boolean;
  /** Its registries, such as `ghcr.io/owner/repo`. Empty: nobody can pull from it. */
  registries: readonly string[];
}

/** Spack settings that add this cache. */
export interface MirrorSettings {
  /** Path below `/api/` without the ending. */
  path: string;
  /** A short, stable name. */
  name: string;
  description: string;
  /** The oldest Spack that reads them. */
  spack: '1.0' | '1.2';
  /** The view they use. Absent: none in particular. */
  view?: string;
  /** Whether they also say what the solver should prefer. */
  isForSolver?: true;
  /** A `mirrors.yaml`, or a file with several sections. */
  text: string;
}

/**
 * All settings files of a cache: of the HTTPS mirror, of site and registry together, of each view; and the same with
 * what a solver has to prefer. The same mirrors, views and facts, the same bytes.
 * @param facts of each view, by its name
 */
export function listSettings(
  endpoints: Endpoints,
  views: Iterable<string>,
  facts: ReadonlyMap<string, SolverFacts> = new Map(),
): MirrorSettings[] {
  return [
    httpsSettings(endpoints),
    ...bothSettings(endpoints),
    ...[...views].map((view) => viewSettings(endpoints, view)),
    ...[...facts].flatMap(([view, found]) => solverSettings(endpoints, view, found)),
  ];
}

/** Path of a view's settings below `/api/`, without the ending. */
export function viewSettingsPath(view: string): string {
  return `mirrors/view-${view}`;
}

/** Path of the settings with what the solver has to prefer: of everything, or of a view. */
export function solverSettingsPath(view?: string): string {
  return view === undefined ? 'mirrors/solver' : `mirrors/solver-view-${view}`;
}

/** Those of everything and of environments without a view: so every Spack reads them. */
function solverSettings(endpoints: Endpoints, view: string, facts: SolverFacts): MirrorSettings[] {
  const file = (path: string, of: string, named?: string): MirrorSettings => ({
    path,
    name: path.replace('mirrors/', ''),
    description: `The HTTPS mirror${named === undefined ? '' : ` with the view ${named}`}, and what makes the solver choose ${of}.`,
    spack: named === undefined ? '1.0' : '1.2',
    ...(named === undefined ? {} : { view: named }),
    isForSolver: true,
    text: settingsText(
      headLines(endpoints, named === undefined ? '1.0' : '1.2'),
      httpsEntry(endpoints, named),
      solverLines(facts),
    ),
  });
  const ofView = file(solverSettingsPath(view), `what is in the view ${view}`, view);
  if (view === ALL_VIEW) return [file(solverSettingsPath(), 'what is here'), ofView];
  if (!view.startsWith('env-')) return [ofView];
  return [file(`mirrors/solver-${view}`, `what the environment ${view.slice(4)} has`), ofView];
}

function httpsSettings(endpoints: Endpoints): MirrorSettings {
  return {
    path: 'mirrors',
    name: 'https',
    description: 'The HTTPS mirror alone.',
    spack: '1.0',
    text: settingsText([...headLines(endpoints, '1.0')], httpsEntry(endpoints)),
  };
}

function bothSettings(endpoints: Endpoints): MirrorSettings[] {
  if (endpoints.registries.length === 0) return [];
  const head = (spack: '1.0' | '1.2'): string[] => [
    ...headLines(endpoints, spack),
    '# Two mirrors: what does not fit on the site comes from the registry. Spack never checks signatures there,',
    '# so BINARIES MAY THEN COME UNSIGNED.',
  ];
  return [
    {
      path: 'mirrors/both',
      name: 'both',
      description:
        'Site and registry, HTTPS first with the view of everything. Binaries may then come unsigned.',
      spack: '1.2',
      text: settingsText(head('1.2'), [...httpsEntry(endpoints, ALL_VIEW), ...registryEntries(endpoints)]),
    },
    {
      path: 'mirrors/both-without-view',
      name: 'both-without-view',
      description:
        'Site and registry for Spack older than 1.2, HTTPS first. Binaries may then come unsigned.',
      spack: '1.0',
      text: settingsText(head('1.0'), [...httpsEntry(endpoints), ...registryEntries(endpoints)]),
    },
  ];
}

function viewSettings(endpoints: Endpoints, view: string): MirrorSettings {
  return {
    path: viewSettingsPath(view),
    name: `view-${view}`,
    description: `The HTTPS mirror with the view ${view}.`,
    spack: '1.2',
    view,
    text: settingsText(headLines(endpoints, '1.2'), httpsEntry(endpoints, view)),
  };
}

function headLines({ name, signed }: Endpoints, spack: '1.0' | '1.2'): string[] {
  return [
    `# Spack settings for the build cache ${name}. Needs Spack ${spack} or newer${spack === '1.2' ? ': older ones refuse the word "view"' : ''}.`,
    signed
      ? '# Signed: run `spack buildcache keys --install --trust` once.'
      : '# Not signed: Spack accepts binaries without a signature.',
  ];
}

function httpsEntry({ name, url, signed }: Endpoints, view?: string): string[] {
  return [
    ...entryLines(name, url, signed),
    ...(view === undefined ? [] : [`    view: ${JSON.stringify(view)}`]),
  ];
}

function registryEntries({ name, registries }: Endpoints): string[] {
  return registries.flatMap((registry, index) =>
    entryLines(registryMirrorName(name, index), spackUrlOf(registry), false),
  );
}

/** Quoted as JSON, which is YAML, so that no name or address is read as anything else. */
function entryLines(name: string, url: string, signed: boolean): string[] {
  return [
    `  ${JSON.stringify(name)}:`,
    `    url: ${JSON.stringify(url)}`,
    '    binary: true',
    '    source: false',
    `    signed: ${signed}`,
  ];
}

function settingsText(head: string[], entries: string[], more: string[] = []): string {
  return `${[...head, 'mirrors:', ...entries, ...more].join('\n')}\n`;
}
