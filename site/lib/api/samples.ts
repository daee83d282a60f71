import { gzipSync } from 'node:zlib';
import { describeSpecs } from './lists.ts';
import { ENDPOINTS, parameterOf, type Endpoint } from './endpoints.ts';
import { describeIndex } from './index.ts';
import { describeSeed, describeSeedDates } from './seed.ts';
import { describePackage, specDocument, nodeListText } from './specs.ts';
import { schemaLink } from './links.ts';
import { apiTexts, documentText } from './texts.ts';
import { dataPlace } from '../catalog/data-commit.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { once } from '../once.ts';
import { fillTable } from './spec-table.ts';

/** Number of entries that a sample keeps of each list. */
const SHOWN = 2;

/** A real answer of an endpoint with shortened lists, and the value of its parameter. */
export interface ApiSample {
  /** Path below the site's address. */
  path: string;
  /** Value of the parameter. Absent: there is none. */
  value?: string | undefined;
  document: unknown;
  /** Bytes of the whole answer. */
  size: number;
  /** Compressed size, as servers send it. */
  packed: number;
}

/** Samples keyed by endpoint name, without endpoints that have no document yet. */
export const sampleEndpoints = once((catalog: SiteCatalog): Map<string, ApiSample> => {
  const answers = answersOf(catalog);
  return new Map(
    ENDPOINTS.flatMap((endpoint): [string, ApiSample][] => {
      const answer = answers.get(endpoint.name);
      return answer ? [[endpoint.name, sampleOf(endpoint, answer, catalog)]] : [];
    }),
  );
});

interface Answer {
  text: string;
  value?: string | undefined;
}

function answersOf(catalog: SiteCatalog): Map<string, Answer> {
  const { lists, changes, environments, badges } = apiTexts(catalog);
  const entry = exampleBuild(catalog);
  const home = entry && catalog.packages.get(entry.build.name);
  const [environment] = environments;
  return new Map<string, Answer>([
    ['index', { text: documentText('index', describeIndex(catalog)) }],
    ...[...lists].map(([name, text]): [string, Answer] => [name, { text }]),
    ...(home ? [answer('package', JSON.stringify(describePackage(home, catalog)), home.name)] : []),
    ...(entry ? [answer('spec', JSON.stringify(specDocument(entry, catalog)), entry.build.hash)] : []),
    ...(home ? [answer('nodes', nodeListText(home), home.name)] : []),
    ...(environment ? [answer('environment', environment[1], environment[0])] : []),
    ...[...changes].slice(-1).map(([month, text]) => answer('changes', text, month)),
    ...badgeAnswer('badge', badges, 'builds', 'builds'),
    ...badgeAnswer('package-badge', badges, `packages/${home?.name}`, home?.name),
    ...badgeAnswer('environment-badge', badges, `environments/${environment?.[0]}`, environment?.[0]),
    ['seed-manifest', { text: JSON.stringify(describeSeed(catalog)) }],
    ['seed-dates', { text: JSON.stringify(describeSeedDates(catalog, dataPlace(process.env))) }],
  ]);
}

/** A build with programs and dependencies, the smallest one. */
export function exampleBuild({ builds }: SiteCatalog): CatalogBuild | undefined {
  const all = [...builds.values()];
  const telling = all.filter(
    ({ build, node }) => build.contents.programs.length > 0 && node.dependencies.length > 0,
  );
  return (telling.length > 0 ? telling : all).reduce<CatalogBuild | undefined>(
    (least, entry) => (least && least.text.length <= entry.text.length ? least : entry),
    undefined,
  );
}

function answer(name: string, text: string, value: string): [string, Answer] {
  return [name, { text, value }];
}

function badgeAnswer(
  name: string,
  badges: ReadonlyMap<string, string>,
  path: string,
  value: string | undefined,
): [string, Answer][] {
  const text = badges.get(path);
  return text === undefined || value === undefined ? [] : [answer(name, text, value)];
}

function sampleOf(endpoint: Endpoint, { text, value }: Answer, catalog: SiteCatalog): ApiSample {
  const parameter = parameterOf(endpoint);
  const path =
    parameter === undefined
      ? endpoint.path
      : endpoint.path.replace(`{${parameter}}`, encodeURIComponent(value ?? ''));
  const document: unknown = endpoint.name === 'specs' ? shortTable(catalog) : shorten(JSON.parse(text));
  return { path, value, document, size: Buffer.byteLength(text), packed: gzipSync(text).length };
}

/** A table of a few builds. Shortening the columns of the whole table would leave unused words. */
function shortTable(catalog: SiteCatalog): object {
  const builds = [...catalog.packages.values()].flatMap((entry) => entry.builds).slice(0, SHOWN);
  return {
    schema: schemaLink('spec-table'),
    ...fillTable(builds, catalog),
    links: describeSpecs(catalog).links,
  };
}

function shorten(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, SHOWN).map(shorten);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shorten(part)]));
}
