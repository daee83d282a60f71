import {
  apiPagePath,
  budgetPath,
  environmentsPath,
  failuresPath,
  guidePath,
  keysPath,
  machinePath,
  packagesPath,
  statisticsPath,
  tagsPath,
  usePath,
} from '../url.ts';

/** The menu of every page. */
export const NAVIGATION = [
  { label: 'Packages', path: packagesPath },
  { label: 'Environments', path: environmentsPath },
  { label: 'Failures', path: failuresPath },
  { label: 'Statistics', path: statisticsPath },
  { label: 'Use it', path: usePath },
  { label: 'My machine', path: machinePath },
  { label: 'API', path: apiPagePath },
] as const;

/** What is looked for less often: at the foot of every page. */
export const FOOT_NAVIGATION = [
  { label: 'Owner’s guide', path: guidePath() },
  { label: 'Tags', path: tagsPath },
  { label: 'Keys and trust', path: keysPath },
  { label: 'Budget', path: budgetPath },
] as const;
