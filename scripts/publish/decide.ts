import type { Build } from '../../site/schemas/build.ts';
import type { Descriptor } from '../../site/schemas/image-manifest.ts';
import type { SpecImage } from './spec-image.ts';

/**
 * What becomes of an entry, by what the catalog and the registry have of its build. A record is never replaced, and neither
 * is the image of a tag that the catalog names.
 */
export type EntryDecision =
  /** Both have it: nothing changes. `other` is the tag's image where it is not the one that the catalog names. */
  | { kind: 'keep'; recorded: Build; other?: Descriptor }
  /** The catalog names an image that the registry lacks, and the entry gives just that one: push it again. */
  | { kind: 'restore'; recorded: Build; image: SpecImage }
  /** The catalog names an image that the registry lacks, and the entry gives another: nothing can be done here. */
  | { kind: 'lost'; recorded: Build; image: SpecImage }
  /** Neither has it: push and record it. */
  | { kind: 'add'; image: SpecImage }
  /** The registry has the very image that the entry gives, as after a run that stopped early: record it. */
  | { kind: 'adopt'; image: SpecImage }
  /**
   * The registry has another image, which the catalog does not name: a run pushed it and could not commit, is about to, or
   * somebody else put it there. It is not signed: the tag gets what was built here. Of two runs the first commit wins, and
   * the other points the tag back.
   */
  | { kind: 'replace'; image: SpecImage; tagged: Descriptor };

/** What is known of an entry's build. */
export interface EntryState {
  /** The catalog's record. */
  recorded: Build | undefined;
  /** The image at the build's tag in the registry. */
  tagged: Descriptor | undefined;
  /** Composes the image that the entry gives; not called when it makes no difference. */
  compose(): SpecImage;
}

/** Decides what becomes of an entry. */
export function decide({ recorded, tagged, compose }: EntryState): EntryDecision {
  if (recorded && tagged) {
    const isSame = tagged.digest === recorded.image.digest;
    return { kind: 'keep', recorded, ...(isSame ? {} : { other: tagged }) };
  }
  const image = compose();
  if (recorded)
    return { kind: image.image.digest === recorded.image.digest ? 'restore' : 'lost', recorded, image };
  if (!tagged) return { kind: 'add', image };
  return tagged.digest === image.image.digest ? { kind: 'adopt', image } : { kind: 'replace', image, tagged };
}
