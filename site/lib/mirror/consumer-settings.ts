import { registryMirrorName, spackUrlOf } from '../registry-address.ts';
import { ALL_VIEW } from './views.ts';
import { solverLines, type SolverFacts } from './solver-settings.ts';

/** Addresses of this cache. */
export interface Endpoints {
  name: string;
  /** Address of the HTTPS mirror, without a slash at the end. */
  url: string;
  /** Whether manifests there are signed. */
  signed: boolean;
  /** Its registries, such as `ghcr.io/owner/repo`. Empty: nobody can pull from it. */
  registries: readonly string[];
}

/** Spack settings that add this cache. */
export interface MirrorSettings {
  /** Path below `/api/` without the extension. */
  path: string;
  /** A short, stable name. */
  name: string;
  description: string;
  /** Oldest version of Spack that can read them. */
  spack: '1.0' | '1.2';
  /** The view that they use. Absent: no particular view. */
  view?: string | undefined;
  /** Whether they also have preferences for the solver. */
  isForSolver?: true;
  /** A `mirrors.yaml`, or a file with several sections. */
  text: string;
}

/**
 * All settings files of a cache: for the HTTPS mirror, for site and registry together, and for each view;
 * also with preferences for the solver. The bytes depend only on the mirrors, views and facts.
 * @param facts facts about each view, keyed by name
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
    ...[...facts].flatMap(([view, viewFacts]) => solverSettings(endpoints, view, viewFacts)),
  ];
}

/** Path of a view's settings below `/api/`, without the extension. */
export function viewSettingsPath(view: string): string {
  return `mirrors/view-${view}`;
}

/** Path of the settings with preferences for the solver, for the whole cache or a view. */
export function solverSettingsPath(view?: string): string {
  return view === undefined ? 'mirrors/solver' : `mirrors/solver-view-${view}`;
}

/**
 * Settings for the solver. Those for everything and for
 * environments also come without a view, for older Spack.
 */
function solverSettings(endpoints: Endpoints, view: string, facts: SolverFacts): MirrorSettings[] {
  const file = (path: string, of: string, named?: string): MirrorSettings => ({
    path,
    name: path.replace('mirrors/', ''),
    description: `The HTTPS mirror${named === undefined ? '' : ` with the view ${named}`}, with preferences that make the solver choose ${of}.`,
    spack: named === undefined ? '1.0' : '1.2',
    view: named,
    isForSolver: true,
    text: settingsText(
      headLines(endpoints, named === undefined ? '1.0' : '1.2'),
      httpsEntry(endpoints, named),
      solverLines(facts),
    ),
  });
  const ofView = file(solverSettingsPath(view), `builds in the view ${view}`, view);
  if (view === ALL_VIEW) return [file(solverSettingsPath(), 'builds of this cache'), ofView];
  if (!view.startsWith('env-')) return [ofView];
  return [file(`mirrors/solver-${view}`, `builds of the environment ${view.slice(4)}`), ofView];
}

function httpsSettings(endpoints: Endpoints): MirrorSettings {
  return {
    path: 'mirrors',
    name: 'https',
    description: 'Only the HTTPS mirror.',
    spack: '1.0',
    text: settingsText([...headLines(endpoints, '1.0')], httpsEntry(endpoints)),
  };
}

function bothSettings(endpoints: Endpoints): MirrorSettings[] {
  if (endpoints.registries.length === 0) return [];
  const head = (spack: '1.0' | '1.2'): string[] => [
    ...headLines(endpoints, spack),
    '# Two mirrors: builds that do not fit on the site come from the registry. Spack never checks signatures there,',
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

/**
 * Lines of a mirror. Quoted as JSON, which is valid YAML,
 * so that names and addresses are always read as text.
 */
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
