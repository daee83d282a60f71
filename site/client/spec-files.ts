import type { PackageDocument } from '../schemas/api/package-document.ts';
import type { SpecDocument } from '../schemas/api/spec-document.ts';
import { readGraph } from '../lib/graph/graph.ts';
import { splitArray, splitObject } from '../lib/spack/node-text.ts';
import type { Node } from '../schemas/node.ts';
import type { Graph, GraphPart } from '../schemas/graph.ts';
import type { ComparedSpec } from './compare/spec-differences.ts';
import { fetchData, fetchText } from './fetch-data.ts';
import { BASE } from './site.ts';

/** A build's document and its whole DAG. */
export interface BuildFiles {
  document: SpecDocument;
  graph: Graph | undefined;
  spec: ComparedSpec;
}

/** Reads a package's document. */
export function fetchPackage(name: string): Promise<PackageDocument> {
  return fetchData(`/api/packages/${encodeURIComponent(name)}.json`);
}

/** Reads a build's whole DAG. Undefined: it is not in the site's graphs. */
export function fetchGraph(hash: string): Promise<Graph | undefined> {
  return readGraph(hash, (part) =>
    fetchData<GraphPart>(`/data/graph/${part}.json.gz`).catch((error: unknown) => {
      // The first part always exists; later ones may not.
      if (part === 0) throw error;
      return undefined;
    }),
  );
}

/** Reads a build and the versions of its dependencies. */
export async function fetchBuild(hash: string): Promise<BuildFiles> {
  const document = await fetchData<SpecDocument>(`/api/specs/${encodeURIComponent(hash)}.json`);
  const node: Node = JSON.parse(await fetchNodeText(document.build));
  const graph = node.dependencies.length > 0 ? await fetchGraph(hash) : undefined;
  const versions = new Map(graph?.hashes.map((each, place) => [each, graph.versions[place] ?? '?']));
  return { document, graph, spec: { node, versions } };
}

/** Reads a build's node as the text that Spack wrote. */
export async function fetchNodeText({ name, hash }: { name: string; hash: string }): Promise<string> {
  const address = `${BASE}/api/nodes/${encodeURIComponent(name)}.json.gz`;
  // The browser's cached copy may be older than the document.
  const nodes = await fetchText(address, { cache: 'no-cache' });
  const text = splitArray(splitObject(nodes).get('nodes') ?? '').find(
    (each) => JSON.parse(splitObject(each).get('hash') ?? '""') === hash,
  );
  if (text === undefined) throw new Error(`${address}: it has no node /${hash}; reload the page`);
  return text;
}
