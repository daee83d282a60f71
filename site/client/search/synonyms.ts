import { ownValue } from '../../schemas/safe-text.ts';

/**
 * Search words, and the words that descriptions have instead. Matches of these rank
 * after matches of the word itself.
 */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  bioinformatics: ['genome', 'sequencing', 'sequences'],
  charts: ['visualization', 'plotting'],
  climate: ['weather', 'earth system'],
  container: ['docker'],
  cpp: ['c++'],
  dataframe: ['data analysis'],
  dataframes: ['data analysis'],
  db: ['database'],
  dna: ['genome', 'nucleotide'],
  docker: ['container'],
  editing: ['editor'],
  encryption: ['cryptographic', 'cryptography'],
  gpu: ['cuda', 'rocm', 'graphics processing unit'],
  graphs: ['visualization'],
  jit: ['just-in-time', 'dynamic compiler'],
  maps: ['geographic', 'geospatial'],
  ml: ['machine learning'],
  multithreading: ['threads', 'multi-threaded'],
  neural: ['deep learning'],
  plot: ['visualization', 'graphing'],
  plots: ['visualization', 'graphing'],
  plotting: ['visualization', 'graphing'],
  profiler: ['performance analysis'],
  queue: ['messaging', 'message'],
  regex: ['regular expression'],
  regexp: ['regular expression'],
  sql: ['database'],
  vcs: ['version control', 'source control'],
};

/** Words that descriptions may have instead of a search word. */
export function synonymsOf(word: string): readonly string[] {
  return ownValue(SYNONYMS, word) ?? [];
}
