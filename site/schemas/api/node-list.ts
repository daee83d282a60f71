import { z } from 'zod';
import { Node } from '../node.ts';
import { apiDocument } from './link.ts';

/** `/api/nodes/<name>.json.gz`: the nodes of a package's builds, compressed. */
export const NodeList = apiDocument(
  'The nodes of a package’s builds as Spack wrote them: variants, flags, dependencies. Compressed with gzip, because the nodes of one package are very similar.',
  {
    nodes: z
      .array(Node)
      .describe(
        'Nodes in the order of the package’s builds. Each is exactly the text that Spack wrote, with its order of keys, so that the DAG hash can be recomputed. Other keys may occur.',
      ),
  },
);
