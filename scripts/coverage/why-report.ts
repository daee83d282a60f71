import { shortHash } from '../../site/lib/format.ts';
import type { WhyAnswer } from './why.ts';

/** The answer for people: the first cause in full, then one line for each other node. */
export function describeCauses({ nodes, causes, error, verified }: WhyAnswer): string {
  if (error !== '') return `Spack finds no solution, with or without a cache: ${error}`;
  const here = nodes.filter(({ cached }) => cached).length;
  const counted = `${here} of ${nodes.length} specs have a binary in the cache.`;
  const [first, ...others] = causes;
  if (first === undefined) return `${counted} Nothing is built from source.`;
  const tried =
    verified === null
      ? ''
      : verified
        ? 'Tried: with this change Spack takes the build of the cache.'
        : 'Tried: with this change alone Spack still builds it.';
  const nearest = first.nearest === '' ? [] : [`  nearest build: ${first.name}/${shortHash(first.nearest)}`];
  return [
    counted,
    '',
    `${first.name}/${shortHash(first.hash)} is built: ${first.kind}`,
    `  ${first.detail}`,
    ...nearest,
    ...(first.line === '' ? [] : ['', `  ${first.line}`, '']),
    ...(tried === '' ? [] : [tried]),
    ...others.map(({ name, hash, kind, detail }) => `${name}/${shortHash(hash)}: ${kind}: ${detail}`),
  ].join('\n');
}
