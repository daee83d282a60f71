import type { Blob, Imported } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { RemoteReference } from '../oci/reference.ts';

/** A build that a source says it has. Small: a source may have a hundred thousand. */
export interface SourceBuild {
  name: string;
  version: string;
  hash: DagHash;
  target: string;
  /** Hashes of what it needs to run, externals left out, as far as the source says. */
  needs: DagHash[];
  /** Where its files may be, in the source's own terms, the likeliest first. */
  places: string[];
}

/** A build's spec file and how to get its tarball. */
export interface SourceSpec {
  /** The file that it was read from, for messages. */
  where: string;
  /** As it is at the source, uncompressed. */
  specText: string;
  signature: Imported['signature'];
  /** Fingerprint of the key whose signature was verified. */
  key?: string | undefined;
  /** Bytes of the tarball, where the source says. */
  size?: number | undefined;
  /** Writes the tarball below a folder of its own and checks it against what the source says of it. */
  fetchTarball(folder: string): Promise<FetchedTarball>;
}

/** A tarball on disk. */
export interface FetchedTarball {
  path: string;
  blob: Blob;
  /** The repository that has this very blob. */
  repository?: RemoteReference | undefined;
  /** What was done to Spack's older form of it, in one sentence. */
  converted?: string | undefined;
}

/** A cache that exists already. */
export interface Source {
  /** Its address without any login, as the catalog keeps it. */
  readonly address: string;
  /** Finds its builds. */
  list(): Promise<SourceList>;
  /** Reads the spec file of a build. Throws one sentence when it is missing or not what it should be. */
  read(build: SourceBuild): Promise<SourceSpec>;
}

/** The builds of a source. */
export interface SourceList {
  builds: SourceBuild[];
  /** What is there and cannot be a build: a sentence for each. */
  unmatched: string[];
}
