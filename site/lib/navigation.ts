import { apiPath, packagesPath } from './url.ts';

/** The menu of every page. */
export const NAVIGATION = [
  { label: 'Packages', path: packagesPath },
  { label: 'API', path: apiPath('index') },
] as const;
