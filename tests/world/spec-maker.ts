import { computeDagHash } from '../../scripts/build-cache/spec-file.ts';

/** A node to make, without its hash; its dependencies must be made first. */
export interface NodeToMake {
  name: string;
  dependencies?: MadeNode[];
  external?: boolean;
  buildSpec?: MadeNode;
  /** Keys that Spack wrote but did not hash. */
  unhashed?: string[];
  specFileVersion?: number;
  /** Its parameters in JSON. */
  parameters?: string;
  /** A hash to use instead of its own. */
  hash?: string;
}

export interface MadeNode {
  name: string;
  hash: string;
  text: string;
}

/** Placeholder for the parameters, which are inserted as text. */
const PARAMETERS = '<parameters>';

/** Makes a node in Spack's form, with its own hash. */
export function makeNode(node: NodeToMake): MadeNode {
  const { name, dependencies = [], external, buildSpec, unhashed, specFileVersion = 5 } = node;
  const { parameters = '{"build_system":"generic","cflags":[]}' } = node;
  const members: Record<string, unknown> = {
    name,
    version: '1.0',
    arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
    namespace: 'builtin',
    parameters: PARAMETERS,
    ...(external ? { external: { path: '/usr', module: null, extra_attributes: {} } } : {}),
    ...(dependencies.length > 0 ? { dependencies: dependencies.map(edgeTo) } : {}),
    annotations: { original_specfile_version: specFileVersion },
    ...(buildSpec ? { build_spec: { name: buildSpec.name, hash: buildSpec.hash } } : {}),
  };
  const write = (value: unknown) => JSON.stringify(value).replace(JSON.stringify(PARAMETERS), parameters);
  const own = computeDagHash(write(members), unhashed);
  const hash = node.hash ?? (buildSpec ? own.slice(0, -7) + buildSpec.hash.slice(-7) : own);
  return { name, hash, text: write({ ...members, hash }) };
}

/** Makes a spec file of these nodes, the root first. */
export function makeSpecFile(nodes: MadeNode[], version = 5): string {
  const texts = nodes.map(({ text }) => text).join(',');
  return `{"spec":{"_meta":{"version":${version}},"nodes":[${texts}]},"buildcache_layout_version":3}`;
}

function edgeTo({ name, hash }: MadeNode): unknown {
  return { name, hash, parameters: { deptypes: ['link'], virtuals: [] } };
}
