import { packageTags } from '../../scripts/containers/images-to-make.ts';
import { environmentTag } from '../../site/lib/registry-address.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { Container } from '../../site/schemas/container.ts';
import type { Build } from '../../site/schemas/build.ts';
import { inventCommit, inventSha256 } from './random.ts';

const BASE = { name: 'debian:12', digest: `sha256:${inventSha256('debian:12')}` };
const MANIFEST_BYTES = 1_800;

/** Invents the record of a build's container in the form that publish writes. */
export function inventPackageContainer({ name, version, hash, published, origin }: Build): Container {
  return inventContainer({
    roots: [hash],
    tags: packageTags({ name, version }, origin.commit),
    digest: `sha256:${inventSha256(`container ${hash}`)}`,
    published,
    origin: {
      ...(origin.run === undefined ? {} : { run: origin.run }),
      ...(origin.commit === undefined ? {} : { commit: origin.commit }),
    },
  });
}

/** Invents the record of an environment's container. */
export function inventEnvironmentContainer(
  environment: string,
  roots: DagHash[],
  published: string,
): Container {
  return inventContainer({
    environment,
    roots,
    tags: [environmentTag(environment)],
    digest: `sha256:${inventSha256(`container ${environment}`)}`,
    published,
    origin: { commit: inventCommit(`environment ${environment}`) },
  });
}

function inventContainer(
  parts: Pick<Container, 'environment' | 'roots' | 'tags' | 'digest' | 'published' | 'origin'>,
): Container {
  return Container.parse({
    ...parts,
    os: 'linux',
    architecture: 'amd64',
    size: MANIFEST_BYTES,
    base: BASE,
  });
}
