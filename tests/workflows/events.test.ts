import { readdirSync, readFileSync } from 'node:fs';
import { join, matchesGlob, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { eventPayload } from '../world/github-events.ts';

/** Tests that events from GitHub have the fields that workflows and scripts read. */

const Push = z.object({ on: z.object({ push: z.object({ paths: z.array(z.string()) }) }) });
const FOLDER = resolve(import.meta.dirname, '../../.github');

/** Fields of `github.event` that the project's workflows and actions read, such as `repository.has_pages`. */
const READ = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yml'))
  .flatMap((name) => [
    ...readFileSync(join(FOLDER, name), 'utf8').matchAll(/github\.event\.([a-z_]+(?:\.[a-z_]+)*)/g),
  ])
  .map(([, path = '']) => path);

test('workflows read only fields of the event that GitHub sends', () => {
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

test('a new stack with an invalid name starts a run that reports it, and a lock starts none', () => {
  const text = readFileSync(join(FOLDER, 'workflows/environment.yml'), 'utf8');
  const { paths } = Push.parse(parse(text)).on.push;
  // GitHub's ** matches any characters, with or without folders.
  const isStart = (file: string) =>
    paths.some((path) => matchesGlob(`site/content/environments/${file}`, path.replace('**', '{,**/}*')));
  expect(['course.yaml', 'course.yml', 'course/spack.yaml'].map(isStart)).toEqual([true, true, true]);
  expect(['course.lock.json', 'course.solved.json'].map(isStart)).toEqual([false, false]);
});
