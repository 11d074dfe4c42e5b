/** English function words: they carry grammar, not subject, and are left out of every index. */

const GROUPS = [
  // articles, demonstratives, quantifiers
  "a an the this that these those some any each every either neither both all no none few many much more most less least several such other another same own enough",
  // pronouns and possessives
  "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself they them their theirs themselves one ones someone anyone everyone somebody anybody everybody nobody something anything everything nothing",
  // question and relative words
  "who whom whose which what when where why how whatever whoever whichever whenever wherever",
  // auxiliaries and modals, with their contractions written without an apostrophe
  "am is are was were be been being do does did doing done have has had having can could may might must shall should will would ought cannot",
  "dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt cant couldnt mustnt shouldnt wont wouldnt im ive youre youve hes shes theyre theyve weve thats whats whos theres lets",
  // prepositions
  "of in on at by for with without within about against between among into onto through throughout during before after above below to from up down out off over under upon toward towards across along around behind beside besides beyond near since until till via per as than like unlike despite except",
  // conjunctions and adverbs of grammar
  "and or but nor so yet if then else because while whereas although though unless whether not only also too very just even still already again further once here there now ever never quite rather almost however therefore thus hence moreover otherwise instead",
];

/** Lower case, apostrophes removed. */
export const STOP_WORDS: ReadonlySet<string> = new Set(GROUPS.flatMap((group) => group.split(" ")));
