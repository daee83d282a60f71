import { expect, test } from 'vitest';
import { recordRemoval } from './removal.ts';

const BUILD = {
  name: 'tree',
  version: '2.1.0',
  hash: 'mgvrpqcayml2t34bqu5anstlc53ooayw',
  published: '2026-01-01T00:00:00Z',
};
const FIRST = { removed: '2026-03-01T00:00:00Z', reason: 'old' };
const SECOND = { removed: '2026-03-02T00:00:00Z', reason: 'older' };

test('records an interrupted removal once when it is repeated', () => {
  const { stays } = recordRemoval(BUILD, SECOND, recordRemoval(BUILD, FIRST));
  expect(stays).toEqual([{ published: BUILD.published, ...SECOND }]);
});

test('remembers each period for which a build was published', () => {
  const again = { ...BUILD, published: '2026-03-01T12:00:00Z' };
  const { stays } = recordRemoval(again, SECOND, recordRemoval(BUILD, FIRST));
  expect(stays.map(({ published }) => published)).toEqual([BUILD.published, again.published]);
});
