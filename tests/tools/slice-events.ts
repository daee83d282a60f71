import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/**
 * Extracts events that start this project's workflows from collected examples of GitHub's events:
 * `node tests/tools/slice-events.ts FOLDER`, where FOLDER has the unpacked npm package
 * @octokit/webhooks-examples. For each event it takes the most complete example for a branch. A schedule has
 * no payload.
 */
const EVENTS = ['push', 'workflow_dispatch'];

const Payload = z.looseObject({ ref: z.string().optional(), repository: z.looseObject({}) });
const Examples = z.array(z.object({ name: z.string(), examples: z.array(z.unknown()) }));

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('expected the folder of @octokit/webhooks-examples');
const all = Examples.parse(JSON.parse(readFileSync(join(folder, 'api.github.com/index.json'), 'utf8')));
const slice = EVENTS.map((event) => {
  const examples = all.filter(({ name }) => name === event).flatMap((each) => each.examples);
  const [best] = examples
    .map((example) => Payload.parse(example))
    .filter(({ ref }) => ref?.startsWith('refs/heads/'))
    .sort((a, b) => Object.keys(b.repository).length - Object.keys(a.repository).length);
  if (!best) throw new Error(`expected an example of ${event}`);
  return [event, best];
});
const file = resolve(import.meta.dirname, '../fixtures/github-events.json');
writeFileSync(file, `${JSON.stringify(Object.fromEntries(slice), null, 1)}\n`);
