import type { Build } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Node } from '../../site/schemas/node.ts';
import { readBuild } from '../catalog/catalog.ts';
import { describeError } from '../cli/command.ts';
import { readContainers } from './container-records.ts';
import { findMade, findWanted, readClosure, type WantedContainer } from './images-to-make.ts';
import type { Variables } from './run-environment.ts';

/** A request whose containers are to be published, with what its build job reported. */
export interface ContainerRequest {
  environment?: string | undefined;
  roots: Node[];
  /** Every node of the lock. */
  nodes: ReadonlyMap<DagHash, Node>;
  /** Run environments of roots. */
  environments: Readonly<Record<DagHash, Variables>>;
  /** Archive of the environment's view, and the variables to use it with. */
  view?: { archive: string; variables: Variables };
  /** Spack's own script for long shebangs, from before any build. */
  sbang: string;
}

/** A container that can be made. */
export interface PlannedContainer {
  wanted: WantedContainer;
  request: ContainerRequest;
  /** The builds in it, dependencies first. */
  builds: Build[];
}

/** What is to be made of the containers that requests ask for. */
export interface ContainerPlan {
  make: PlannedContainer[];
  /** One sentence for each that has to wait for a build. */
  warnings: string[];
  /** One sentence for each that cannot be made. */
  faults: string[];
}

/**
 * Decides which containers to make: those that the catalog has no record of and all builds for.
 * @param commit of this repository, for the tags
 */
export function planContainers(
  requests: readonly ContainerRequest[],
  catalogDirectory: string,
  commit: string | undefined,
): ContainerPlan {
  const plan: ContainerPlan = { make: [], warnings: [], faults: [] };
  for (const request of requests) {
    for (const wanted of findWanted(request.roots, { environment: request.environment, commit })) {
      const name = `container ${wanted.tags[0]}`;
      try {
        if (wanted.platform.os !== 'linux')
          throw new Error(`containers hold Linux programs, it is for ${wanted.platform.os}`);
        if (findMade(wanted, readContainers(catalogDirectory, wanted.subject))) continue;
        if (!wanted.roots.every((root) => readBuild(catalogDirectory, root))) {
          plan.warnings.push(`no ${name}: not everything that it needs was built`);
          continue;
        }
        const builds = readClosure(wanted.roots, request.nodes, catalogDirectory);
        plan.make.push({ wanted, request, builds });
      } catch (error) {
        plan.faults.push(`${name}: ${describeError(error)}`);
      }
    }
  }
  return plan;
}
