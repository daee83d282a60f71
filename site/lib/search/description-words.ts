/** Maximum length of a description in the package index, in characters: the part that a row shows. */
const SHOWN_LENGTH = 100;
/** Words that are useless for finding a package. */
export const STOP_WORDS = new Set(
  `about above after all also and any are because been before being between both but can could did does doing done each easily
  either etc every few for from further had has have having here how however into its itself just may more most must nor
  not off one only other others our out over own quickly same should since some such than that the their them then there these
  they this those through too two under until upon use used useful user users uses using very via was well were what when
  where which while who whose will with within without would you your`.split(/\s+/),
);
const SHORTEST = 3;

/** Cuts a description at a word if it is too long for a row. */
export function shortenDescription(text: string): string {
  if (text.length <= SHOWN_LENGTH) return text;
  const cut = text.slice(0, SHOWN_LENGTH);
  const end = cut.lastIndexOf(' ');
  return `${end > 0 ? cut.slice(0, end) : cut}…`;
}

/** Words of a description that its shortened form does not have, each once, in order, joined by spaces. */
export function moreWords(description: string): string {
  const shown = new Set(readWords(shortenDescription(description)));
  const words = readWords(description).filter(
    (word) => word.length >= SHORTEST && !STOP_WORDS.has(word) && !shown.has(word),
  );
  return [...new Set(words)].join(' ');
}

/** Addresses say nothing about a package, but have words such as `http` and `download`. */
const ADDRESS = /\bhttps?:\/\/\S+/g;

function readWords(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll(ADDRESS, ' ')
      .match(/[\p{L}\p{N}][\p{L}\p{N}+]*/gu) ?? []
  );
}
