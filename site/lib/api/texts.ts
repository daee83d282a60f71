import { endpointNamed } from './endpoints.ts';
import { schemaLink } from './links.ts';
import { describeBadges, describeStorage, describeStats } from './numbers.ts';
import {
  changesDocument,
  describeAdvisories,
  describeCompilers,
  describeContainers,
  describeFailures,
  describeKeys,
  describePackages,
  describePrograms,
  describeSpecs,
  describeTargets,
  healthDocument,
  recipesDocument,
  reproducedDocument,
} from './lists.ts';
import { describeEnvironment, describeEnvironments } from './environments.ts';
import { describeViews } from './views.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { once } from '../once.ts';

/** Functions that make the lists, keyed by endpoint name. */
const LISTS = {
  packages: describePackages,
  specs: describeSpecs,
  targets: describeTargets,
  compilers: describeCompilers,
  programs: describePrograms,
  environments: describeEnvironments,
  containers: describeContainers,
  failures: describeFailures,
  advisories: describeAdvisories,
  recipes: recipesDocument,
  views: describeViews,
  keys: describeKeys,
  stats: describeStats,
  storage: describeStorage,
  health: healthDocument,
  reproduced: reproducedDocument,
} satisfies Record<string, (catalog: SiteCatalog) => object>;

/** Texts of documents that are derived from the whole catalog, made once per catalog. */
export interface ApiTexts {
  /** Keyed by endpoint name: `packages`, `specs` … */
  lists: Map<string, string>;
  /** Keyed by month, the oldest first. */
  changes: Map<string, string>;
  environments: Map<string, string>;
  /** Keyed by path below `/api/badges/`, without the extension. */
  badges: Map<string, string>;
}

/** Texts of a catalog's documents, checked against their schemas. */
export const apiTexts = once((catalog: SiteCatalog): ApiTexts => ({
  lists: new Map(
    Object.entries(LISTS).map(([name, describe]) => [name, documentText(name, describe(catalog))]),
  ),
  changes: textsOf('changes', changesDocument(catalog)),
  environments: textsOf(
    'environment',
    new Map(
      catalog.environments.flatMap((environment) => {
        const document = describeEnvironment(environment, catalog);
        return document ? [[environment.name, document] as const] : [];
      }),
    ),
  ),
  // shields.io does not allow additional fields.
  badges: new Map([...describeBadges(catalog)].map(([name, badge]) => [name, checkedText('badge', badge)])),
}));

/** A document as served, with the address of its schema. Throws if it does not have its endpoint's shape. */
export function documentText(endpoint: string, body: object): string {
  return checkedText(endpoint, { schema: schemaLink(endpointNamed(endpoint).shape), ...body });
}

function checkedText(endpoint: string, document: object): string {
  endpointNamed(endpoint).schema.parse(document);
  return `${JSON.stringify(document)}\n`;
}

function textsOf(endpoint: string, documents: ReadonlyMap<string, object>): Map<string, string> {
  return new Map([...documents].map(([name, document]) => [name, documentText(endpoint, document)]));
}
