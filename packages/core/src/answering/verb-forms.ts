/** Brings irregular English verbs to one form, which no stemmer does: "Who wrote it?" is answered by "It was written by …". */
import type { Analyzer } from "../text/analyzer.ts";

/** The forms of each verb that regular endings do not explain; the first one stands for all. */
const VERBS =
  "arise arose arisen|bear bore born borne|become became|begin began begun|bend bent|bind bound|bite bit bitten|bleed bled|blow blew blown|" +
  "break broke broken|breed bred|bring brought|build built|burn burnt|buy bought|catch caught|choose chose chosen|come came|creep crept|deal dealt|" +
  "dig dug|draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought|find found|flee fled|" +
  "fly flew flown|forbid forbade forbidden|forget forgot forgotten|forgive forgave forgiven|freeze froze frozen|get got gotten|give gave given|" +
  "go went gone|grow grew grown|hang hung|hear heard|hide hid hidden|hold held|keep kept|know knew known|lay laid|lead led|learn learnt|leave left|" +
  "lend lent|lose lost|make made|mean meant|meet met|pay paid|ride rode ridden|ring rang rung|rise rose risen|run ran|say said|see saw seen|" +
  "seek sought|sell sold|send sent|shake shook shaken|shine shone|shoot shot|show shown|shrink shrank shrunk|sing sang sung|sink sank sunk|sit sat|" +
  "sleep slept|speak spoke spoken|spend spent|spin spun|stand stood|steal stole stolen|stick stuck|strike struck|swear swore sworn|sweep swept|" +
  "swim swam swum|swing swung|take took taken|teach taught|tear tore torn|tell told|think thought|throw threw thrown|understand understood|" +
  "wake woke woken|wear wore worn|weave wove woven|win won|write wrote written";

/** Gives the form under which a term is compared; most terms stand for themselves. */
export type CanonicalTerm = (term: string) => string;

export function createCanonicalTerm(analyzer: Analyzer): CanonicalTerm {
  const forms = new Map<string, string>();
  for (const verb of VERBS.split("|")) {
    const [base = "", ...others] = verb.split(" ").flatMap((form) => analyzer.terms(form));
    for (const form of others) if (!forms.has(form)) forms.set(form, base);
  }
  return (term) => forms.get(term) ?? term;
}
