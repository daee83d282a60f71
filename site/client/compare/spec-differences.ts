import type { Node, ParameterValue } from '../../schemas/node.ts';
import { segmentsText, variantSegment } from '../../lib/spack/spec-text.ts';
import { compareTexts } from '../../lib/spack/versions.ts';
import { shortHash } from '../../lib/format.ts';

/** A node with the known versions of its dependencies. */
export interface ComparedSpec {
  node: Node;
  /** Versions of direct dependencies, keyed by hash. */
  versions: ReadonlyMap<string, string>;
}

/** A property of two specs. A text is empty if that spec does not have the property. */
export interface SpecProperty {
  group: 'Spec' | 'Variants' | 'Dependencies' | 'Recipe';
  name: string;
  left: string;
  right: string;
}

/** All properties of two specs, in Spack's order. Texts are equal if the specs agree. */
export function compareSpecs(left: ComparedSpec, right: ComparedSpec): SpecProperty[] {
  return [
    ...pairUp('Spec', describeSpec(left), describeSpec(right)),
    ...pairUp('Variants', describeParameters(left.node), describeParameters(right.node)),
    ...pairUp('Dependencies', describeDependencies(left), describeDependencies(right)),
    ...pairUp('Recipe', describeRecipe(left.node), describeRecipe(right.node)),
  ];
}

function pairUp(
  group: SpecProperty['group'],
  left: ReadonlyMap<string, string>,
  right: ReadonlyMap<string, string>,
): SpecProperty[] {
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return names.map((name) => ({ group, name, left: left.get(name) ?? '', right: right.get(name) ?? '' }));
}

function describeSpec({ node, versions }: ComparedSpec): Map<string, string> {
  const { target } = node.arch;
  const compilers = node.dependencies
    .filter(({ parameters }) => parameters.virtuals.some((virtual) => LANGUAGES.has(virtual)))
    .map(({ name, hash }) => `${name}@${versions.get(hash) ?? '?'}`);
  return new Map([
    ['version', node.version],
    ['compiler', compilers.sort(compareTexts).join(', ')],
    ['platform', node.arch.platform],
    ['operating system', node.arch.platform_os],
    ['target', typeof target === 'string' ? target : target.name],
  ]);
}

const LANGUAGES = new Set(['c', 'cxx', 'fortran']);

function describeParameters({ parameters }: Node): Map<string, string> {
  const shown = Object.entries(parameters).filter(([, value]) => !isEmpty(value));
  return new Map(
    shown
      .sort(([left], [right]) => compareTexts(left, right))
      .map(([name, value]) => [name, segmentsText([{ ...variantSegment(name, value), gap: '' }])]),
  );
}

/** Whether a value is an unset list of compiler flags. */
function isEmpty(value: ParameterValue): boolean {
  return Array.isArray(value) && value.length === 0;
}

function describeDependencies({ node, versions }: ComparedSpec): Map<string, string> {
  return new Map(
    node.dependencies
      .toSorted((left, right) => compareTexts(left.name, right.name))
      .map(({ name, hash }) => [name, `@${versions.get(hash) ?? '?'} /${shortHash(hash)}`]),
  );
}

function describeRecipe({ package_hash: hash }: Node): Map<string, string> {
  return new Map(hash === undefined ? [] : [['hash of the recipe', hash.slice(0, 10)]]);
}
