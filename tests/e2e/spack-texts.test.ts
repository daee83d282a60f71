import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeSpec } from '../../scripts/oci/image.ts';
import { segmentsText, specSegments } from '../../site/lib/spack/spec-text.ts';
import { isInRanges, parseVersionRanges } from '../../site/lib/spack/version-ranges.ts';
import { Node } from '../../site/schemas/node.ts';
import { oddNode } from '../world/odd-nodes.ts';
import { versionQuery } from '../world/odd-versions.ts';
import { judge } from '../world/own-verdict.ts';
import { askSpack } from '../world/spack-verdicts.ts';
import { findSpacks, SPACK_ADVICE, testedSpacks } from '../world/spack.ts';

const isFull = process.env['FULL'] !== undefined;
const NODES = isFull ? 2_000 : 150;
const VERSIONS = isFull ? 20_000 : 500;
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261);

test.skipIf(findSpacks().length > 0)(`no real Spack to compare with: ${SPACK_ADVICE}`, (context) => {
  context.skip();
});

describe.each(testedSpacks())(`as Spack $version does, seed ${SEED}`, (spack) => {
  test(`finds versions in ranges: ${VERSIONS} odd ones`, async () => {
    const queries = fc.sample(versionQuery, { numRuns: VERSIONS, seed: SEED });
    const answers = await askSpack(spack, queries);
    const wrong = queries.filter(({ version, ranges: text }, at) => {
      const ranges = parseVersionRanges(text);
      const { accepts, reason } = answers[at] ?? { accepts: false, reason: 'no answer' };
      return reason === ''
        ? (ranges ? isInRanges(version, ranges) : false) !== accepts
        : ranges !== undefined;
    });
    expect(wrong).toEqual([]);
    expect(answers.filter(({ accepts }) => accepts).length).toBeGreaterThan(VERSIONS / 5);
  });

  test(`judges ${NODES} generated nodes, and writes the texts of the valid ones`, async () => {
    const nodes = fc.sample(oddNode, { numRuns: NODES, seed: SEED });
    const texts = nodes.map((node) => JSON.stringify(node));
    // Its dependencies are only names in this test.
    const good = nodes
      .filter((_, at) => judge(texts[at] ?? '').fault === undefined)
      .map((node) => ({ ...node, dependencies: [] }));
    expect(good.length).toBeGreaterThan(NODES / 20);
    const answers = await askSpack(spack, [
      ...texts.map((text) => ({ text })),
      ...good.map((node) => ({ describe: [node] })),
    ]);
    const described = answers.slice(texts.length);
    const surprises = texts.filter((text, at) => {
      const { fault, isNarrower } = judge(text);
      return answers[at]?.accepts ? fault !== undefined && !isNarrower : fault === undefined;
    });
    expect(surprises).toEqual([]);

    // Spack 1.0 and 1.1 used another form, without `platform=` or `os=`, which nothing reads.
    if (!spack.version.startsWith('1.2')) return;
    const different = good.flatMap((node, at) => {
      const parsed = Node.parse(node);
      // Nodes of older spec files have a compiler that is not a dependency.
      const isOld = parsed.annotations?.original_specfile_version !== 5;
      const own = [describeSpec(parsed), segmentsText(specSegments(parsed, new Map()))];
      const [written, listed] = described[at]?.texts ?? [];
      return own[0] === written && (isOld || own[1] === listed) ? [] : [{ own, spack: described[at] }];
    });
    expect(different).toEqual([]);
  });
});
