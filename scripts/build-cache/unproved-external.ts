import { z } from 'zod';
import { refuseAmbiguousJson } from '../../site/lib/spack/node-text.ts';
import { DagHash } from '../../site/schemas/digest.ts';
import { COMPILER_FLAGS, PackageName } from '../../site/schemas/node.ts';

/** In characters. Spack itself writes a few hundred. */
const MAX_LENGTH = 100_000;
const Word = z.string().regex(/^[A-Za-z0-9_.:+-]+$/);
const Flags = z.array(z.string());

/**
 * An external whose hash proves nothing, so its sender can choose its text. It goes into the index that every
 * client reads, and a single node that Spack's reader rejects would make the whole index unreadable.
 * Therefore only what Spack itself writes for an external is accepted. Source: Spack's
 * `SpecfileReaderBase.from_node_dict`.
 */
const UnprovedExternal = z.strictObject({
  name: PackageName,
  // Spack's VALID_VERSION without git references.
  version: z.string().regex(/^[A-Za-z0-9_.-]+$/),
  arch: z.strictObject({
    platform: Word,
    platform_os: Word,
    target: z.union([Word, z.looseObject({ name: Word, vendor: z.string(), features: z.array(z.string()) })]),
  }),
  namespace: Word.optional(),
  parameters: z
    .object(Object.fromEntries(COMPILER_FLAGS.map((flag) => [flag, Flags.optional()])))
    .catchall(z.union([z.boolean(), z.string(), z.array(z.string())]))
    .optional(),
  package_hash: z
    .string()
    .regex(/^[a-z2-7]+=*$/)
    .optional(),
  external: z.strictObject({
    path: z.string().nullable(),
    module: z.array(z.string()).nullable(),
    extra_attributes: z.record(z.string(), z.unknown()),
  }),
  annotations: z.strictObject({
    original_specfile_version: z.number().int().min(1).max(5),
    compiler: z
      .string()
      .regex(/^[a-z0-9_-]+@=?[A-Za-z0-9_.-]+$/)
      .optional(),
  }),
  hash: DagHash,
});

/** Throws one sentence, which the caller prefixes with the file, unless Spack would write this external. */
export function checkUnprovedExternal(text: string): void {
  if (text.length > MAX_LENGTH) {
    throw new Error(`expected an external of at most ${MAX_LENGTH} characters, found ${text.length}`);
  }
  refuseAmbiguousJson(text);
  const result = UnprovedExternal.safeParse(JSON.parse(text));
  if (result.success) return;
  const [issue] = result.error.issues;
  const at = issue?.path.length ? ` at "${issue.path.join('.')}"` : '';
  throw new Error(
    `expected an external as Spack 1 writes it, since its hash proves nothing, found${at}: ${issue?.message}`,
  );
}
