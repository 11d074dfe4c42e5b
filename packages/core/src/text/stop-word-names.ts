/** Names that look like stop words: the month May, and abbreviations such as US, IT and WHO. */

/** Two to four capitals, possessive or not. */
const CAPITALS = /^[A-Z]{2,4}(?:['’]s)?$/;
/** Words that rules and questions write in capitals for stress. */
const STRESSED = new Set("not no and or all any may must only can".split(" "));
/** What stands before the first word of a sentence, an item or a cell. */
const OPENS_SENTENCE = /[.!?…:;|。！？]|\n\s*\n|\n\s*[-*+•#>]/;
/** UTF-16 units looked at on each side to tell an abbreviation from a text all in capitals. */
const SURROUNDINGS = 40;

/**
 * The name that a word of `text` spells, in lower case, or undefined for one that is what it looks like. In a text that is all capitals
 * nothing is taken for an abbreviation, and at the beginning of a sentence "May" is the verb.
 *
 * @param start where the word begins, in UTF-16 units.
 * @param before where the word before it ends; undefined for the first.
 */
export function stopWordName(text: string, word: string, start: number, before: number | undefined): string | undefined {
  if (word === "May") return before !== undefined && !OPENS_SENTENCE.test(text.slice(before, start)) ? "may" : undefined;
  if (!CAPITALS.test(word)) return undefined;
  const name = word.replace(/['’]s$/, "").toLowerCase();
  if (STRESSED.has(name)) return undefined;
  const end = start + word.length;
  const around = text.slice(Math.max(0, start - SURROUNDINGS), start) + text.slice(end, end + SURROUNDINGS);
  return /\p{Lu}/u.test(around) && !/\p{Ll}/u.test(around) ? undefined : name;
}
