import { createHash } from 'node:crypto';
import type { Include } from '../../schemas/api/view-list.ts';
import { Sha256, type DagHash } from '../../schemas/digest.ts';
import type { SpecNode } from '../spack/dag.ts';
import { mirrorName, externalUrl, siteAddress } from '../url.ts';
import { listSettings, type MirrorSettings } from './consumer-settings.ts';
import { createSolverFacts } from './solver-settings.ts';
import type { BinarySet } from './views.ts';

/** A settings file and the digest that its lasting name has. */
export interface SettingsFile extends MirrorSettings {
  sha256: Sha256;
}

/** The settings files of this cache as it is now. */
export function describeSettings(cache: {
  registries: readonly string[];
  signed: boolean;
  /** The builds of each view, by its name. */
  views: ReadonlyMap<string, readonly DagHash[]>;
  nodes: ReadonlyMap<DagHash, SpecNode>;
  /** What has a binary. */
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
 * The recorded settings files by digest. Throws on one that is not what its name says: who includes it would get
 * an error at every command.
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

/** Where a recorded file is for `include:`; none for one that is not recorded, which nothing keeps in place. */
export function includeOf(sha256: Sha256, recorded: ReadonlyMap<Sha256, string>): { include?: Include } {
  if (!recorded.has(sha256)) return {};
  return { include: { path: externalUrl(`/api/mirrors/${sha256}.yaml`), sha256 } };
}

export function sha256Of(text: string): Sha256 {
  return createHash('sha256').update(text).digest('hex');
}
