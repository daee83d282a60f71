/** How this cache can be reached. */
export interface Doors {
  /** The name that the mirror gets. */
  name: string;
  /** The HTTPS door, no slash at the end. */
  url: string;
  /** Whether manifests there are signed. */
  signed: boolean;
  /** The registry, `ghcr.io/owner/repo`. Absent: nobody can pull from it. */
  registry?: string | undefined;
}

/** Spack settings that add this cache. */
export interface MirrorSettings {
  /** Path below `/api/` without the ending. */
  path: string;
  /** A short name that stays. */
  name: string;
  description: string;
  /** The oldest Spack that reads them. */
  spack: '1.0' | '1.2';
  /** The view they use. Absent: none in particular. */
  view?: string;
  /** A `mirrors.yaml`. */
  text: string;
}

/** The view of everything. Both doors together have everything. */
const ALL_VIEW = 'all';

/** All settings files of a cache: of the HTTPS door, of both doors, of each view. The same doors and views, the same bytes. */
export function listSettings(doors: Doors, views: Iterable<string>): MirrorSettings[] {
  return [
    httpsSettings(doors),
    ...bothSettings(doors),
    ...[...views].map((view) => viewSettings(doors, view)),
  ];
}

/** Path of a view's settings below `/api/`, without the ending. */
export function viewSettingsPath(view: string): string {
  return `mirrors/view-${view}`;
}

function httpsSettings(doors: Doors): MirrorSettings {
  return {
    path: 'mirrors',
    name: 'https',
    description: 'The HTTPS door alone.',
    spack: '1.0',
    text: settingsText([...headLines(doors, '1.0')], httpsEntry(doors)),
  };
}

function bothSettings(doors: Doors): MirrorSettings[] {
  if (doors.registry === undefined) return [];
  const head = (spack: '1.0' | '1.2'): string[] => [
    ...headLines(doors, spack),
    '# Two doors: what does not fit on the site comes from the registry. Spack never checks signatures there,',
    '# so BINARIES MAY THEN COME UNSIGNED.',
  ];
  return [
    {
      path: 'mirrors/both',
      name: 'both',
      description: 'Both doors, HTTPS first with the view of everything. Binaries may then come unsigned.',
      spack: '1.2',
      text: settingsText(head('1.2'), [...httpsEntry(doors, ALL_VIEW), ...registryEntry(doors)]),
    },
    {
      path: 'mirrors/both-without-view',
      name: 'both-without-view',
      description: 'Both doors for Spack older than 1.2, HTTPS first. Binaries may then come unsigned.',
      spack: '1.0',
      text: settingsText(head('1.0'), [...httpsEntry(doors), ...registryEntry(doors)]),
    },
  ];
}

function viewSettings(doors: Doors, view: string): MirrorSettings {
  return {
    path: viewSettingsPath(view),
    name: `view-${view}`,
    description: `The HTTPS door with the view ${view}.`,
    spack: '1.2',
    view,
    text: settingsText(headLines(doors, '1.2'), httpsEntry(doors, view)),
  };
}

function headLines({ name, signed }: Doors, spack: '1.0' | '1.2'): string[] {
  return [
    `# Spack settings for the build cache ${name}. Needs Spack ${spack} or newer${spack === '1.2' ? ': older ones refuse the word "view"' : ''}.`,
    signed
      ? '# Signed: run `spack buildcache keys --install --trust` once.'
      : '# Not signed: Spack takes the binaries as they come.',
  ];
}

function httpsEntry({ name, url, signed }: Doors, view?: string): string[] {
  return [
    ...entryLines(name, url, signed),
    ...(view === undefined ? [] : [`    view: ${JSON.stringify(view)}`]),
  ];
}

function registryEntry({ name, registry = '' }: Doors): string[] {
  const url = registry.startsWith('http://')
    ? registry.replace('http://', 'oci+http://')
    : `oci://${registry.replace('https://', '')}`;
  return entryLines(`${name}-registry`, url, false);
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

function settingsText(head: string[], entries: string[]): string {
  return `${[...head, 'mirrors:', ...entries].join('\n')}\n`;
}
