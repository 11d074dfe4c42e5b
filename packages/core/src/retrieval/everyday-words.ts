/** English words with which anything can be asked: that a passage lacks one of them says little about whether it answers. */

const GROUPS = [
  // ways of asking and telling
  "name call term word refer mean say said tell told ask answer question describe explain define list give gave given show see seen find found know knew known think thought believe consider example case fact information detail reason explanation definition meaning purpose main primary mainly typically usually generally currently commonly actually exactly specifically originally eventually finally first last second third next previous previously following later early earlier late recent recently today",
  // degree, frequency and manner
  "mostly normally frequently often sometimes always rarely seldom really especially initially presently previously formerly lately soon ago apart away back forward together alone aside nearly fully completely entirely partly largely highly greatly widely well easily quickly slowly simply clearly directly likely possibly probably perhaps maybe twice",
  // kinds, parts, measures
  "kind type sort form part piece group set category class way manner method thing stuff item object aspect feature factor element number amount quantity percentage percent rate level degree size length height width weight distance age total average maximum minimum approximately roughly least half double full whole entire single multiple various several different difference similar specific certain particular special general common important significant major minor large larger largest big bigger biggest small smaller smallest great greater greatest high higher highest low lower lowest long longer longest short old older oldest new newest young best better good bad worst possible available necessary required original current modern ancient",
  // time and place
  "time date day week month year decade century period era age moment hour minute begin began begun start end ended finish complete place location located area region city town country state world site part side center centre north south east west born die died live lived",
  // everyday verbs
  "be become became come came go went gone get got make made do take took taken put set keep kept let leave left bring brought happen happened occur occurred use used want need help work try turn change move run play put hold held include including contain involve involved provide provided allow cause caused lead led result produce produced create created build built found founded establish established develop developed write wrote written direct directed design designed invent invented discover discovered own owned win won lose lost receive received serve served join joined lie stand stood feature base based represent represented consist appear appeared look like have",
  // people
  "person people man men woman women somebody someone member leader head group team company organization organisation author writer creator founder owner",
];

/** Lower case; inflected forms are reduced to these by {@link isEverydayWord}. */
const EVERYDAY_WORDS: ReadonlySet<string> = new Set(GROUPS.flatMap((group) => group.split(" ")));

/** How much such a word counts beside another one of equal rarity; with 1, twelve documents refused a quarter of what they answer, with this a twelfth. */
export const EVERYDAY_WEIGHT = 0.3;

/** Whether the word, as written, or what it is a plain inflection of, is one of them. */
export function isEverydayWord(word: string): boolean {
  const folded = word.toLowerCase();
  return INFLECTIONS.some(([ending, base]) => EVERYDAY_WORDS.has(folded.replace(ending, base)));
}

/** Regular endings, and what stands there in the plain form; the first one leaves the word as it is. */
const INFLECTIONS: readonly (readonly [RegExp, string])[] = [
  [/$/, ""],
  [/(?:'s|s|d|ing)$/, ""],
  [/(?:es|ed)$/, ""],
  [/ing$/, "e"],
];
