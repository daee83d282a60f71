import { z } from 'zod';
import { DAG_HASH } from './digest.ts';
import { COMPILER_FLAGS, MAX_NAME_LENGTH, PACKAGE_NAME, type ParameterValue } from './node.ts';
import { isSafeText } from './safe-text.ts';

/**
 * A node that every Spack since 1.0 reads, lists and writes back unchanged. A single node that a reader
 * cannot parse makes the whole index unreadable, so only such nodes are published or put into an index.
 *
 * The rules follow Spack's own code: `SpecfileReaderBase.from_node_dict`, `SpecfileV5`, `ArchSpec.from_dict`
 * and `Spec.to_node_dict` in spec.py, `VariantValue` in variant.py, `Version` in version/version_types.py,
 * `canonicalize` and `compatible` in deptypes.py, the token expressions in spec_parser.py, and
 * `Database._read_from_file` in database.py. `tests/e2e/readable-node.test.ts` compares the results with
 * those of real Spacks.
 *
 * A few rules are stricter than Spack's; their messages are in `NARROWER`.
 */

/**
 * Messages of rules that reject input which Spack accepts, because it is dangerous or ambiguous elsewhere.
 */
export const NARROWER = {
  /** Used in commands, addresses and file names. */
  word: 'expected letters, digits and any of _ . + -',
  /** These are invisible in terminals, logs and pages, or control them. */
  text: 'expected text without control and bidirectional characters and with whole characters',
  /** Spack would clone the package's repository to compare it. */
  git: 'expected a version that needs no look into a git repository',
  /** Short enough for a file name together with a hash. */
  long: 'expected a name and a version of at most 200 characters together',
  /**
   * Keys that Spack never writes into a concrete node, but that readers would use instead of other fields.
   */
  unexpected: 'expected no such key in a concrete node',
  /** Spack's parser takes the quote that follows for a part of the value when another quote comes later. */
  backslash: 'expected values without a backslash at their end',
  /** Spack reads it, but never writes it. */
  shape: 'expected the shape that Spack writes',
  /** Spack compares hashes as plain text and accepts any; files are named after them. */
  hash: 'expected a DAG hash: 32 characters of a-z and 2-7',
} as const;

const SafeText = z.string(NARROWER.shape).refine(isSafeText, NARROWER.text);
/**
 * Words that Spack replaces with the names of the machine that it runs on, and `None`, which it treats as
 * absent. Source: `Platform.reserved_oss`, `reserved_targets`, `ArchSpec.__init__`.
 */
const OF_THE_MACHINE = new Set(['default_os', 'default_target', 'frontend', 'fe', 'backend', 'be', 'None']);
const Word = z.string(NARROWER.shape).regex(/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/, NARROWER.word);
const OwnWord = Word.refine((word) => !OF_THE_MACHINE.has(word), NARROWER.word);
const Name = z.string(NARROWER.shape).max(MAX_NAME_LENGTH, NARROWER.word).regex(PACKAGE_NAME, NARROWER.word);
const Hash = z.string(NARROWER.hash).regex(DAG_HASH, NARROWER.hash);

/** Spack's VALID_VERSION and its parser's `VERSION`, which requires a word character at both ends. */
const STANDARD_VERSION = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;
/** A commit or a named reference. `=` and the version that Spack treats it as may follow. */
const GIT_REFERENCE = /^(?:git\.[A-Za-z0-9_.-]+|[a-f0-9]{40})$/;

const Version = z
  .string()
  .max(100, NARROWER.long)
  .refine((version) => !GIT_REFERENCE.test(version), NARROWER.git)
  .refine((version) => {
    const [last = '', reference] = version.split('=').reverse();
    return (
      STANDARD_VERSION.test(last) &&
      (reference === undefined || `${reference}=${last}` === version) &&
      (reference === undefined || GIT_REFERENCE.test(reference))
    );
  }, "expected a version in Spack's grammar: letters, digits, _ . and -, a letter or digit first and last");

/** Names with another meaning in the text of a spec. Source: `_parse_node` in spec_parser.py. */
const RESERVED = new Set([
  'arch',
  'architecture',
  'platform',
  'os',
  'operating_system',
  'target',
  'namespace',
]);
const Sha256List = z.array(z.string().regex(/^[0-9a-f]{64}$/, NARROWER.shape), NARROWER.shape);
const VARIANT_NAME = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/;

const FLAG_NAMES = new Set<string>(COMPILER_FLAGS);
const Flags = z.array(SafeText.min(1, NARROWER.shape), 'expected a list of flags');

/** Checked by hand: a node has about twenty, and an object schema would copy them. */
const Parameters = z
  .custom<Record<string, ParameterValue>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'expected an object',
  )
  .superRefine((parameters, context) => {
    for (const [name, value] of Object.entries(parameters)) {
      // `findNodeFault` has its own message for this key, wherever it occurs.
      if (name === '__proto__') continue;
      if (FLAG_NAMES.has(name)) {
        for (const { message, path } of Flags.safeParse(value).error?.issues ?? [])
          context.addIssue({ code: 'custom', message, path: [name, ...path] });
        continue;
      }
      const message = findVariantFault(name, value);
      if (message !== undefined) context.addIssue({ code: 'custom', message, path: [name] });
    }
  });

/**
 * Source: `VariantValue.from_node_dict` and `set`. A value must be the same after a round trip through text.
 */
function findVariantFault(name: string, value: unknown): string | undefined {
  if (name === '') return NARROWER.shape;
  if (!VARIANT_NAME.test(name)) return 'expected the name of a variant';
  if (RESERVED.has(name)) return NARROWER.word;
  if (name === 'patches' && !Sha256List.safeParse(value).success) return NARROWER.shape;
  if (typeof value === 'boolean' || (typeof value === 'string' && isOrdinary(value))) return undefined;
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((text) => typeof text === 'string');
  if (texts.length < values.length)
    return Array.isArray(value) ? NARROWER.shape : 'expected a boolean, a text or a list of texts';
  const joined = [...new Set(texts)].join(',');
  if (/^(?:true|false)$/i.test(joined)) return 'expected true or false as booleans';
  if (texts.some((text) => text === '*' || text.includes(',')))
    return 'expected values other than "*" and without commas';
  if (texts.includes('')) return NARROWER.shape;
  // Spack quotes these as JSON, but removes only the quotes when reading.
  if (joined.includes("'") && /[^ -~]|\\/.test(joined))
    return 'expected values without an apostrophe next to a backslash or letters outside ASCII';
  // Spack writes these without quotes, and cannot read them back.
  if (/[[\]]/.test(joined) && /^[a-zA-Z0-9,/_.\-[\]]+$/.test(joined))
    return 'expected values with brackets to have a character that Spack quotes';
  if (texts.some((text) => text.endsWith('\\'))) return NARROWER.backslash;
  return texts.every(isSafeText) ? undefined : NARROWER.text;
}

/** Whether a value is a plain word or number, as most are. No other rule applies to those. */
function isOrdinary(value: string): boolean {
  return /^[A-Za-z0-9_.+-]+$/.test(value) && !/^(?:true|false)$/i.test(value);
}

const DEPTYPES = ['build', 'link', 'run', 'test'] as const;
/** Bits that two edges to one package must not share. Link and run have the same one. */
const DEPTYPE_BITS = { build: 1, link: 2, run: 2, test: 4 };

const Dependency = z.object({
  name: Name,
  hash: Hash,
  parameters: z.object({
    deptypes: z.array(z.enum(DEPTYPES), NARROWER.shape).min(1, NARROWER.shape),
    virtuals: z.array(Word),
    // Spack compares these when it sorts specs, and Python cannot compare a string with a boolean.
    direct: z.boolean(NARROWER.shape).optional(),
  }),
});

const External = z.object(
  {
    // Spack replaces backslashes, and may fail on a path that looks like a URL.
    path: SafeText.regex(/^(?:\/(?!\/)[^\\]*)?$/, NARROWER.shape).nullable(),
    module: z.array(SafeText, NARROWER.shape).nullable(),
    extra_attributes: z.record(z.string(), z.unknown(), NARROWER.shape).optional(),
  },
  NARROWER.shape,
);

/** Spack reads only the name; this site uses `parents`. */
const Target = z.preprocess(
  (target) => (typeof target === 'string' ? { name: target } : target),
  z.object({ name: OwnWord, parents: z.array(Word, NARROWER.shape).optional() }),
);

const absent = z.undefined(NARROWER.unexpected).optional();

export const ReadableNode = z
  .object({
    name: Name,
    version: Version,
    arch: z.object({
      platform: OwnWord,
      platform_os: OwnWord,
      target: Target,
    }),
    namespace: z
      .string(NARROWER.shape)
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, NARROWER.word)
      .optional(),
    parameters: Parameters.optional(),
    package_hash: z
      .string(NARROWER.shape)
      .regex(/^[a-z2-7]+=*$/, NARROWER.shape)
      .optional(),
    dependencies: z.array(Dependency).optional(),
    external: External.refine(
      ({ path, module }) => Boolean(path) || Boolean(module?.length),
      'expected the path or the module of an external',
    ).optional(),
    patches: Sha256List.optional(),
    annotations: z
      .object({
        original_specfile_version: z
          .number(NARROWER.shape)
          .int(NARROWER.shape)
          .min(1, NARROWER.shape)
          .max(5, NARROWER.shape),
        compiler: z
          .string()
          .max(200, NARROWER.long)
          .regex(
            /^[A-Za-z0-9_][A-Za-z0-9_-]*@=?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/,
            NARROWER.shape,
          )
          .optional(),
      })
      .optional(),
    build_spec: z.object({ name: Name, hash: Hash }).optional(),
    hash: Hash,
    versions: absent,
    concrete: absent,
    propagate: absent,
    abstract: absent,
    compiler: absent,
  })
  .superRefine((node, context) => {
    const refuse = (path: string, message: string) => {
      context.addIssue({ code: 'custom', message, path: [path] });
    };
    if (node.name.length + node.version.length > 200) refuse('version', NARROWER.long);
    // Source: `Spec.compiler` and the annotations of `from_node_dict`.
    if (node.annotations && node.annotations.original_specfile_version < 5 && !node.annotations.compiler)
      refuse('annotations', 'expected the compiler in a node from before specfile version 5');
    const edges = node.dependencies ?? [];
    if ([...edges, ...(node.build_spec ? [node.build_spec] : [])].some(({ hash }) => hash === node.hash))
      refuse('dependencies', 'expected other nodes as dependencies');
    // Source: `compatible` in deptypes.py.
    const seen = new Map<string, number>();
    const hashes = new Set<string>();
    for (const { name, hash, parameters } of edges) {
      // Spack would merge them into one edge.
      if (hashes.has(hash)) refuse('dependencies', `expected one edge to ${name}/${hash}`);
      hashes.add(hash);
      const earlier = seen.get(name) ?? 0;
      const types = parameters.deptypes.reduce((bits, type) => bits | DEPTYPE_BITS[type], 0);
      if ((earlier & types) !== 0)
        refuse('dependencies', `expected one edge to ${name} for each type of dependency`);
      seen.set(name, earlier | types);
    }
    const { patches = [] } = node;
    if (patches.length === 0) return;
    const applied = node.parameters?.['patches'];
    if (!Array.isArray(applied) || new Set(applied).symmetricDifference(new Set(patches)).size > 0)
      refuse('patches', 'expected the patches that are among the parameters');
  });
export type ReadableNode = z.infer<typeof ReadableNode>;
