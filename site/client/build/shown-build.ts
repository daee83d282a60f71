/** The build that a page shows, as far as its tools need it. */
export interface ShownBuild {
  hash: string;
  /** Whether it depends on anything. */
  hasGraph: boolean;
  /** Whether the site serves its spec file; else only the registry does. */
  hasSpecFile: boolean;
  /** Whether the site serves its tarball. */
  hasTarball: boolean;
  /** Bytes of the tarball that the site serves; 0 without one. */
  size: number;
  /** Whether the cache has a signing key. */
  hasKeys: boolean;
  /** Whether the page is a short one, on which nothing else brings scripts. */
  isAlone: boolean;
}

/** Reads what `BuildTools.astro` wrote, and the hash from the page's address, which ends with it. */
export function readShownBuild({ dataset }: HTMLElement): ShownBuild {
  const marks = new Set(dataset['has']?.split(' '));
  return {
    hash: /([^/]+)\/(?:index\.html)?$/.exec(location.pathname)?.[1] ?? '',
    hasGraph: marks.has('graph'),
    hasSpecFile: marks.has('spec'),
    hasTarball: marks.has('tarball'),
    size: Number(dataset['size'] ?? 0),
    hasKeys: marks.has('keys'),
    isAlone: marks.has('page'),
  };
}

/** Where the API has the build, below the site's base path. */
export function documentOf({ hash }: ShownBuild): string {
  return `/api/specs/${hash}.json`;
}
