import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { eventPayload } from '../world/github-events.ts';

/** What workflows and scripts read of the event that started them is in what GitHub sends for that event. */

const FOLDER = resolve(import.meta.dirname, '../../.github');

/** Fields of `github.event` that the workflows and the actions of this project read: `repository.has_pages`. */
const READ = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yml'))
  .flatMap((name) => [
    ...readFileSync(join(FOLDER, name), 'utf8').matchAll(/github\.event\.([a-z_]+(?:\.[a-z_]+)*)/g),
  ])
  .map(([, path = '']) => path);

test('workflows read fields of the event, and each is one that GitHub sends', () => {
  expect(READ.length).toBeGreaterThan(3);
  for (const name of ['push', 'workflow_dispatch'] as const)
    for (const path of READ) expect(fieldOf(eventPayload(name), path), `${path} of ${name}`).toBeDefined();
});

function fieldOf(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
      value,
    );
}
