import type { Build } from '../../site/schemas/build.ts';
import type { Descriptor } from '../../site/schemas/image-manifest.ts';
import type { SpecImage } from './spec-image.ts';

/**
 * What becomes of an entry, by what the catalog and the registry have of its build. A tag that exists is never
 * replaced, and neither is a record.
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
  /** The registry has another image, and no catalog names it. Nobody here built that one: neither replace nor sign it. */
  | { kind: 'refuse'; image: SpecImage; tagged: Descriptor };

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
  return tagged.digest === image.image.digest ? { kind: 'adopt', image } : { kind: 'refuse', image, tagged };
}
