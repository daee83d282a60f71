import { createHash } from 'node:crypto';
import type { Include } from '../../schemas/api/view-list.ts';
import { Sha256, type DagHash } from '../../schemas/digest.ts';
import type { SpecNode } from '../spack/dag.ts';
import { mirrorName, externalUrl, siteAddress } from '../url.ts';
import { listSettings, type MirrorSettings } from './consumer-settings.ts';
import { createSolverFacts } from './solver-settings.ts';
import type { BinarySet } from './views.ts';

/** A settings file and the digest in its permanent name. */
export interface SettingsFile extends MirrorSettings {
  sha256: Sha256;
}

/** Current settings files of this cache. */
export function describeSettings(cache: {
  registries: readonly string[];
  signed: boolean;
  /** Builds of each view, keyed by name. */
  views: ReadonlyMap<string, readonly DagHash[]>;
  nodes: ReadonlyMap<DagHash, SpecNode>;
  builds: BinarySet;
}): SettingsFile[] {
  const { registries, signed, views, nodes, builds } = cache;
  const factsOf = createSolverFacts(nodes, builds);
  const facts = new Map([...views].map(([view, hashes]) => [view, factsOf(hashes)]));
  const endpoints = {
    name: mirrorName(),
    url: siteAddress(),
    signed,
    registries,
  };
  return listSettings(endpoints, views.keys(), facts).map((file) => ({
    ...file,
    sha256: sha256Of(file.text),
  }));
}

/**
 * Recorded settings files, keyed by digest. Throws if a file does not match the digest in its name: everybody
 * who includes it would get an error with every command.
 */
export function checkRecorded(
  files: readonly { id: string; body?: string | undefined }[],
): Map<Sha256, string> {
  return new Map(
    files.map(({ id, body = '' }) => {
      if (Sha256.safeParse(id).success && sha256Of(body) === id) return [id, body];
      throw new Error(
        `mirrors/${id}.yaml: expected a text with this sha256, found ${sha256Of(body)}; restore the file from git`,
      );
    }),
  );
}

/** Address of a recorded file for `include:`. Empty for other files, which are not kept permanently. */
export function includeOf(sha256: Sha256, recorded: ReadonlyMap<Sha256, string>): { include?: Include } {
  if (!recorded.has(sha256)) return {};
  return { include: { path: externalUrl(`/api/mirrors/${sha256}.yaml`), sha256 } };
}

/** sha256 of a text in UTF-8, in hex. */
export function sha256Of(text: string): Sha256 {
  return createHash('sha256').update(text).digest('hex');
}
