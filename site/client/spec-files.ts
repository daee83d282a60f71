import type { PackageDocument } from '../schemas/api/package-document.ts';
import type { SpecDocument } from '../schemas/api/spec-document.ts';
import { readGraph } from '../lib/graph/graph.ts';
import type { Graph, GraphPart } from '../schemas/graph.ts';
import type { ComparedSpec } from './compare/spec-differences.ts';
import { fetchData } from './fetch-data.ts';

/** A build's document and its whole DAG. */
export interface BuildFiles {
  document: SpecDocument;
  graph: Graph | undefined;
  spec: ComparedSpec;
}

export function fetchPackage(base: string, name: string): Promise<PackageDocument> {
  return fetchData(`${base}/api/packages/${encodeURIComponent(name)}.json`);
}

/** Reads a build's whole DAG; undefined where it is not among the site's graphs. */
export function fetchGraph(base: string, hash: string): Promise<Graph | undefined> {
  return readGraph(hash, (part) =>
    fetchData<GraphPart>(`${base}/data/graph/${part}.json`).catch((error: unknown) => {
      // The first part is always there; a later one may not be.
      if (part === 0) throw error;
      return undefined;
    }),
  );
}

/** Reads what the site knows of a build and of the versions it depends on. */
export async function fetchBuild(base: string, hash: string): Promise<BuildFiles> {
  const document = await fetchData<SpecDocument>(`${base}/api/specs/${encodeURIComponent(hash)}.json`);
  const { node } = document;
  const graph = node.dependencies.length > 0 ? await fetchGraph(base, hash) : undefined;
  const versions = new Map(graph?.hashes.map((each, place) => [each, graph.versions[place] ?? '?']));
  return { document, graph, spec: { node, versions } };
}
