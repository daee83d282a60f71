import type { Build } from '../../schemas/build.ts';
import { hexOf, type DagHash } from '../../schemas/digest.ts';
import { fileStem, targetOf, type Node } from '../../schemas/node.ts';
import { walk } from '../spack/dag.ts';
import { compareTexts } from '../spack/versions.ts';

/**
 * Bills of materials in SPDX 2.3, composed from a build's DAG: the build, its run-time dependencies, and what
 * it was built with. They depend only on the build's record and its DAG, so that anybody can later compose
 * the same bytes that were attested when it was published. For this reason licences are only in the package's
 * document. Source: https://spdx.github.io/spdx-spec/v2.3/
 */

type Nodes = ReadonlyMap<DagHash, { node: Node }>;

/** Dependency types, in Spack's words, that are needed at run time. */
const RUNTIME = new Set(['link', 'run']);
const UNKNOWN = 'NOASSERTION';

/** The bill of materials of a build, as served. Throws if a node of its DAG is missing. */
export function sbomText(build: Build, nodes: Nodes): string {
  const root = nodeOf(build.hash, nodes);
  const runtime = walk([root.hash], (hash) => edgesOf(nodeOf(hash, nodes), true));
  const needed = new Set(runtime);
  const tools = edgesOf(root, false).filter((hash) => !needed.has(hash));
  const [, ...others] = [...runtime, ...tools].map((hash) => nodeOf(hash, nodes));
  others.sort((left, right) => compareTexts(left.name, right.name) || compareTexts(left.hash, right.hash));
  const stem = fileStem(root);
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: stem,
    documentNamespace: `https://spdx.org/spdxdocs/spack-${encodeURIComponent(stem)}-${hexOf(build.tarball.digest)}`,
    creationInfo: { created: build.published, creators: ['Tool: spack-build-cache'] },
    packages: [
      {
        ...packageOf(root),
        packageFileName: `${stem}.tar.gz`,
        checksums: [{ algorithm: 'SHA256', checksumValue: hexOf(build.tarball.digest) }],
        primaryPackagePurpose: 'INSTALL',
      },
      ...others.map(packageOf),
    ],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', idOf(root.hash)),
      ...[root, ...others.filter(({ hash }) => needed.has(hash))].flatMap((node) =>
        edgesOf(node, true).map((hash) => relation(idOf(node.hash), 'DEPENDS_ON', idOf(hash))),
      ),
      ...tools.map((hash) => relation(idOf(hash), 'BUILD_DEPENDENCY_OF', idOf(root.hash))),
    ],
  };
  // Not indented, because it is for programs; this saves a third of the size.
  return `${JSON.stringify(document)}\n`;
}

function packageOf(node: Node) {
  const { name, version, hash, external, package_hash } = node;
  const source = external
    ? `from the builder's system${external.path ? ` at ${external.path}` : ''}`
    : undefined;
  return {
    SPDXID: idOf(hash),
    name,
    versionInfo: version,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: UNKNOWN,
    copyrightText: UNKNOWN,
    sourceInfo: [
      `Spack DAG hash ${hash}, ${node.arch.platform}-${node.arch.platform_os}-${targetOf(node)}`,
      source ?? (package_hash === undefined ? '' : `recipe and sources ${package_hash}`),
    ]
      .filter(Boolean)
      .join(', '),
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: `pkg:generic/${encodeURIComponent(name)}@${encodeURIComponent(version)}?spack_hash=${hash}`,
      },
    ],
  };
}

function relation(from: string, type: string, to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}

function idOf(hash: DagHash): string {
  return `SPDXRef-Package-${hash}`;
}

/** Run-time or build-only dependencies of a node, each hash once. Empty for externals. */
function edgesOf({ dependencies, external }: Node, atRunTime: boolean): DagHash[] {
  if (external) return [];
  const wanted = dependencies.filter(
    ({ parameters }) => parameters.deptypes.some((type) => RUNTIME.has(type)) === atRunTime,
  );
  return [...new Set(wanted.map(({ hash }) => hash))].sort();
}

function nodeOf(hash: DagHash, nodes: Nodes): Node {
  const entry = nodes.get(hash);
  if (entry) return entry.node;
  throw new Error(`expected the spec /${hash} among the others, found none; restore its file from git`);
}
