/** The build that a page shows, with the facts that its tools need. */
export interface ShownBuild {
  hash: string;
  hasGraph: boolean;
  /** Whether the site serves its spec file; otherwise only the registry does. */
  hasSpecFile: boolean;
  hasTarball: boolean;
  /** Bytes of the tarball on the site; 0 if there is none. */
  size: number;
  hasKeys: boolean;
  /** Whether the page is a short one, which loads no other scripts. */
  isAlone: boolean;
}

/** Reads the attributes that `BuildTools.astro` writes, and the hash at the end of the page's address. */
export function readShownBuild({ dataset }: HTMLElement): ShownBuild {
  const marks = new Set(dataset['has']?.split(' '));
  return {
    hash: /([^/]+)\/(?:index\.html)?$/.exec(location.pathname)?.[1] ?? '',
    hasGraph: marks.has('graph'),
    hasSpecFile: marks.has('spec'),
    hasTarball: marks.has('tarball'),
    size: Number(dataset['size'] ?? 0),
    hasKeys: marks.has('keys'),
    isAlone: document.querySelector('.brief') !== null,
  };
}

/** Path of the build's API document below the site's base path. */
export function documentOf({ hash }: ShownBuild): string {
  return `/api/specs/${hash}.json`;
}
