import type { BuildSummary } from '../../schemas/api/package-document.ts';
import { targetOf, type Node } from '../../schemas/node.ts';
import { runnableTargets } from '../../lib/spack/targets.ts';
import { variantTokens } from '../../lib/spack/spec-text.ts';

/** Cost of each difference. Builds that cannot run cost most, variants least. */
const COSTS = { platform: 1000, target: 200, version: 40, os: 8, compiler: 6, otherTarget: 4, variant: 3 };

/** The build that is most similar to a node. Undefined: there are none. */
export function findNearest(
  node: Node,
  compilers: readonly string[],
  builds: readonly BuildSummary[],
): BuildSummary | undefined {
  let [nearest, least]: [BuildSummary | undefined, number] = [undefined, Infinity];
  for (const build of builds) {
    const distance = measureDistance(node, compilers, build);
    if (distance < least) [nearest, least] = [build, distance];
  }
  return nearest;
}

function measureDistance(node: Node, compilers: readonly string[], build: BuildSummary): number {
  let distance = 0;
  const target = targetOf(node);
  if (build.platform !== node.arch.platform) distance += COSTS.platform;
  const generation = runnableTargets(target).indexOf(build.target);
  if (generation < 0) distance += COSTS.target;
  // Of two targets that run, prefer the closer relative.
  else if (generation > 0) distance += COSTS.otherTarget + generation / 100;
  if (build.version !== node.version) distance += COSTS.version;
  if (build.os !== node.arch.platform_os) distance += COSTS.os;
  if (build.compilers.join() !== compilers.join()) distance += COSTS.compiler;
  // Boolean variants have no spaces between them: `+mpi~cxx api=default`.
  const words = new Set(build.variants.match(/[+~][\w-]+|\S+=\S+/g));
  const missing = variantTokens(node).filter((token) => /^[+~]/.test(token) && !words.has(token));
  return distance + missing.length * COSTS.variant;
}
