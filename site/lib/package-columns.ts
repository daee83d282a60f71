/** A column of a table of packages, beside their names. */
export interface PackageColumn {
  /** What `data-column` says in heads and cells. */
  name: string;
  label: string;
  /** Left out on narrow screens, unless a reader chooses it. */
  wide?: boolean;
  number?: boolean;
}

/** The description stands below the name and has no head. */
export const PACKAGE_COLUMNS: PackageColumn[] = [
  { name: 'description', label: 'Description' },
  { name: 'version', label: 'Version' },
  { name: 'targets', label: 'Targets', wide: true },
  { name: 'builds', label: 'Builds', number: true },
  { name: 'size', label: 'Download', number: true, wide: true },
  { name: 'updated', label: 'Published', number: true, wide: true },
];
