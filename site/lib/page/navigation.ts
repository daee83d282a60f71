import {
  apiPagePath,
  environmentsPath,
  failuresPath,
  guidePath,
  healthPath,
  keysPath,
  machinePath,
  newPath,
  packagesPath,
  siblingCaches,
  siblingsPath,
  statisticsPath,
  storagePath,
  tagsPath,
  usePath,
} from '../url.ts';

/** Main menu of every page, for people who install from the cache. */
export const NAVIGATION = [
  { label: 'Packages', path: packagesPath },
  { label: 'Environments', path: environmentsPath },
  { label: 'My machine', path: machinePath },
  { label: 'Use it', path: usePath },
  { label: 'API', path: apiPagePath },
] as const;

/** Links at the foot of every page: for the owners of the cache, and pages that are needed less often. */
export const FOOT_NAVIGATION = [
  { label: 'New', path: newPath },
  { label: 'Failures', path: failuresPath },
  { label: 'Statistics', path: statisticsPath },
  { label: 'Storage', path: storagePath },
  { label: 'Health', path: healthPath },
  ...(siblingCaches().length > 0 ? [{ label: 'Sibling caches', path: siblingsPath }] : []),
  { label: 'Guide', path: guidePath() },
  { label: 'Tags', path: tagsPath },
  { label: 'Keys and trust', path: keysPath },
] as const;
