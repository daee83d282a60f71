import { indentJson } from './indent-json.ts';
import { joinObject, pythonJson, splitArray, splitNodes, splitObject } from './node-text.ts';

/** The specfile version of Spack 1.0 and newer. */
export const SPEC_FILE_VERSION = 5;
/** The oldest specfile version whose hashes can be recomputed, that of Spack 0.17. */
export const OLDEST_SPEC_FILE_VERSION = 2;

/** Keys for a dependency's hash in specfiles before version 4. The first one present counts. */
const HASH_NAMES = ['hash', 'full_hash', 'build_hash'] as const;

/**
 * Nodes of a specfile of version 2, 3 or 4 in the form that Spack 1 writes after reading them, in the file's
 * order: the compiler becomes an annotation, and each edge has the DAG hash of its node. Throws if it is not
 * a valid specfile. Virtuals of edges stay empty if the file has none: Spack finds them in recipes. Source:
 * `SpecfileV2` to `SpecfileV4` and `Spec.to_node_dict` in spec.py.
 */
export function upgradeNodes(specFileText: string, version: number): string[] {
  const nodes = splitNodes(specFileText).map((text) => splitObject(text));
  const hashes = new Map<string, string>();
  for (const node of nodes) {
    const hash = node.get('hash');
    if (hash === undefined) throw new Error('expected a node with its hash');
    for (const name of HASH_NAMES) hashes.set(`${name} ${node.get(name) ?? ''}`, hash);
  }
  return nodes.map((node) => upgradeNode(node, version, hashes));
}

function upgradeNode(
  node: ReadonlyMap<string, string>,
  version: number,
  hashes: ReadonlyMap<string, string>,
): string {
  const members = new Map(node);
  for (const key of ['compiler', 'annotations', ...HASH_NAMES]) members.delete(key);
  const edges = node.get('dependencies');
  if (edges !== undefined)
    members.set(
      'dependencies',
      `[${splitArray(edges)
        .map((edge) => upgradeEdge(edge, hashes))
        .join(',')}]`,
    );
  members.set(
    'annotations',
    JSON.stringify({ original_specfile_version: version, compiler: compilerOf(node.get('compiler')) }),
  );
  members.set('hash', node.get('hash') ?? '');
  return joinObject([...members]);
}

/** `gcc@=10.2.1`, from `{"name":"gcc","version":"10.2.1"}`. */
function compilerOf(text = '{}'): string {
  const compiler = splitObject(text);
  const [name, version] = ['name', 'version'].map((key): unknown => JSON.parse(compiler.get(key) ?? 'null'));
  if (typeof name !== 'string' || typeof version !== 'string')
    throw new Error(
      'expected the name and the version of the compiler in a node from before specfile version 5',
    );
  return `${name}@=${version}`;
}

function upgradeEdge(text: string, hashes: ReadonlyMap<string, string>): string {
  const edge = splitObject(text);
  const hashName = HASH_NAMES.find((name) => edge.has(name)) ?? 'hash';
  const hash = hashes.get(`${hashName} ${edge.get(hashName) ?? ''}`);
  if (hash === undefined)
    throw new Error(`expected the node that ${edge.get('name') ?? 'an edge'} names, found none`);
  const parameters = parametersOf(edge);
  return (
    `{"name":${edge.get('name') ?? 'null'},"hash":${hash},"parameters":` +
    `{"deptypes":${parameters.get('deptypes') ?? edge.get('type') ?? 'null'},` +
    `"virtuals":${parameters.get('virtuals') ?? '[]'},"direct":true}}`
  );
}

/**
 * Texts whose SHA-1 may be the DAG hash of a node from an old specfile, computed from the form that Spack 1
 * writes. Version 2 (Spack 0.17) left out build dependencies and the recipe's hash; until Spack 0.20 the text
 * was indented. `isWhole` of a result says whether the text covers everything in the node.
 */
export function* oldHashTexts(
  nodeText: string,
  version: number,
): Generator<{ text: string; isWhole: boolean }> {
  const node = splitObject(nodeText);
  const compiler = /^([^@]+)@=?(.+)$/.exec(annotatedCompiler(node.get('annotations')));
  if (!compiler) return;
  const edges = splitArray(node.get('dependencies') ?? '[]').map((edge) => splitObject(edge));
  const old = new Map<string, string>();
  for (const [key, value] of node) {
    if (key === 'annotations' || key === 'hash' || key === 'dependencies') continue;
    if (key === 'package_hash' && version < 3) continue;
    old.set(key, value);
    if (key === 'arch') old.set('compiler', JSON.stringify({ name: compiler[1], version: compiler[2] }));
  }
  const kept = version < 3 ? edges.filter(isForRunning) : edges;
  const texts = kept.map((edge) => oldEdge(edge, version));
  if (texts.length > 0) old.set('dependencies', `[${texts.join(',')}]`);
  const build = node.get('build_spec');
  if (build !== undefined) {
    old.delete('build_spec');
    old.set('build_spec', build);
  }
  const text = joinObject([...old]);
  const isWhole =
    version === 4 || (version === 3 && edges.every((edge) => parametersOf(edge).get('virtuals') === '[]'));
  if (version > 2) yield { text: pythonJson(text), isWhole };
  if (version < 4) yield { text: pythonJson(indentJson(text)), isWhole };
}

function annotatedCompiler(annotations = '{}'): string {
  const compiler: unknown = JSON.parse(splitObject(annotations).get('compiler') ?? '""');
  return typeof compiler === 'string' ? compiler : '';
}

function oldEdge(edge: ReadonlyMap<string, string>, version: number): string {
  const parameters = parametersOf(edge);
  parameters.delete('direct');
  const [name = 'null', hash = 'null'] = [edge.get('name'), edge.get('hash')];
  const rest =
    version < 4
      ? `"type":${parameters.get('deptypes') ?? '[]'}`
      : `"parameters":${joinObject([...parameters])}`;
  return `{"name":${name},"hash":${hash},${rest}}`;
}

function isForRunning(edge: ReadonlyMap<string, string>): boolean {
  return /"(?:link|run)"/.test(parametersOf(edge).get('deptypes') ?? '');
}

function parametersOf(edge: ReadonlyMap<string, string>): Map<string, string> {
  return splitObject(edge.get('parameters') ?? '{}');
}
