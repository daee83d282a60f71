import { z } from 'zod';
import { Node } from '../node.ts';
import { apiDocument } from './link.ts';

/** `/api/nodes/<name>.json.gz`: the nodes of a package's builds, compressed. */
export const NodeList = apiDocument(
  'The nodes of a package’s builds as Spack wrote them: variants, flags, dependencies. Compressed with gzip, since nodes of one package are much alike.',
  {
    nodes: z
      .array(Node)
      .describe(
        'In the order of the package’s builds; each exactly the text that Spack wrote, keys in its order: the DAG hash can be recomputed from it. More keys of Spack may occur.',
      ),
  },
);
export type NodeList = z.infer<typeof NodeList>;
