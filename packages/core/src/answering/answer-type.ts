/** The kind of thing a question asks for, and whether a sentence holds one. English, like the stop words. */
import { findNames } from "./names.ts";

/** Told by the question word; a question in another language is of type `other`. */
export type AnswerType = "person" | "place" | "time" | "number" | "other";

/** First match wins. */
const QUESTIONS: readonly (readonly [AnswerType, RegExp])[] = [
  [
    "number",
    /\bhow (?:many|much|long|old|tall|high|deep|far|big|large|fast|heavy|often|wide)\b|\bwhat (?:\w+ )?(?:percent(?:age)?|number|amount|fraction|proportion|share)\b/i,
  ],
  ["time", /\bwhen\b|\b(?:what|which|in what|in which) (?:\w+ )?(?:year|date|day|month|century|decade|time|era|period)\b/i],
  ["person", /\bwho(?:m|se)?\b/i],
  ["place", /\bwhere\b|\b(?:what|which) (?:\w+ )?(?:city|country|state|place|town|region|continent|location|county|river)\b/i],
];

const TIME =
  /\b(?:1[0-9]{3}|20[0-9]{2})s?\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b|\b\d{1,2}(?:st|nd|rd|th)? century\b|\b\d{1,4} (?:BC|AD|BCE|CE)\b/;
const NUMBER =
  /\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty|thirty|forty|fifty|sixty|hundred|thousand|million|billion|half|third|quarter|dozen|twice|percent)s?\b/i;

export function tellAnswerType(question: string): AnswerType {
  return QUESTIONS.find(([, pattern]) => pattern.test(question))?.[0] ?? "other";
}

/** Whether the sentence holds something of the kind. @param isKnown tells a name that the question itself gives: that is no answer. */
export function holdsAnswerType(sentence: string, type: AnswerType, isKnown: (name: string) => boolean): boolean {
  switch (type) {
    case "time":
      return TIME.test(sentence);
    case "number":
      return NUMBER.test(sentence);
    case "person":
    case "place":
      return findNames(sentence).some((name) => !isKnown(name));
    case "other":
      return false;
  }
}
