/** Number of packages per layer, from those without dependencies to the requested ones. */
const LAYERS = { base: 3, middle: 4, upper: 4, top: 3 };
/** Dependencies of each package in the layer below; shared ones must be neither built nor fetched twice. */
const NEEDS = 2;

/** A stack of packages that build instantly, as the owner's own recipes. */
export interface Stack {
  /** Files, keyed by path from the root of the repository. */
  files: Record<string, string>;
  /** Their folder. */
  own: string;
  /** Requested packages. */
  roots: string[];
  /** A package that fails to build. */
  failing: string;
  /** A package that cannot be built because of it. */
  lost: string;
  size: number;
  /** Another package with three dependencies that can be built: its name, and the file of its recipe. */
  more: { name: string; files: Record<string, string> };
}

const RECIPES = 'stack/spack_repo/stack/packages';

/** Writes recipes of packages with shared dependencies, one of which never builds. */
export function writeStack(): Stack {
  const layers = Object.entries(LAYERS);
  const files: Record<string, string> = {
    'stack/spack_repo/stack/repo.yaml': 'repo:\n  namespace: stack\n  api: v2.0\n',
  };
  for (const [depth, [layer, count]] of layers.entries())
    for (let place = 0; place < count; place += 1) {
      const [below, size] = layers[depth - 1] ?? ['', 0];
      const needs = size > 0 ? Array.from({ length: NEEDS }, (_, step) => (place + step) % size) : [];
      const name = `${layer}_${place}`;
      files[`${RECIPES}/${name}/package.py`] = recipe(
        name,
        needs.map((need) => `${below}-${need}`),
        name === 'upper_0',
      );
    }
  return {
    files,
    own: 'stack',
    roots: Array.from({ length: LAYERS.top }, (_, place) => `top-${place}`),
    failing: 'upper-0',
    lost: 'top-0',
    size: Object.values(LAYERS).reduce((sum, count) => sum + count, 0),
    more: {
      name: 'one-more',
      files: {
        [`${RECIPES}/one_more/package.py`]: recipe('one_more', ['upper-1', 'upper-2', 'upper-3'], false),
      },
    },
  };
}

function recipe(name: string, needs: string[], fails: boolean): string {
  const type = name.replace(/(^|_)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
  const install = [
    ...(fails ? ['raise InstallError("this one never builds")'] : []),
    'mkdirp(prefix.share)',
    'with open(prefix.share.join(spec.name), "w") as file:',
    '    file.write("\\n".join(sorted(str(one.prefix) for one in spec.dependencies())))',
  ];
  return `from spack_repo.builtin.build_systems.generic import Package

from spack.package import *


class ${type}(Package):
    """Part of a stack."""

    has_code = False
    version("1.0")

${needs.map((need) => `    depends_on("${need}")\n`).join('')}
    def install(self, spec, prefix):
${install.map((line) => `        ${line}\n`).join('')}`;
}
