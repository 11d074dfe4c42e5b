/** Questions about something that a collection holds, for an attribute that it does not: made mechanically from the titles. */
import type { SourceText } from "./answer-data.ts";

/** A question about a title, and what a document that might answer it would say. */
interface Template {
  readonly ask: (title: string) => string;
  readonly isTouchedOn: RegExp;
}

const TEMPLATES: readonly Template[] = [
  { ask: (title) => `What is the weight of ${title}?`, isTouchedOn: /weigh|heav|\b(?:kg|kilograms?|lbs?|pounds?|tons?|tonnes?)\b/i },
  { ask: (title) => `Who founded ${title}?`, isTouchedOn: /found|establish|creat|start/i },
  { ask: (title) => `Who is the author of ${title}?`, isTouchedOn: /author|writ|wrote/i },
  { ask: (title) => `How much does ${title} cost?`, isTouchedOn: /cost|price|paid|sold|[$€£]|dollar|pound|euro/i },
  { ask: (title) => `Where was ${title} manufactured?`, isTouchedOn: /manufactur|made|produc|built|factory/i },
];

/** At most `count` questions, the templates in turn; a title is passed over when a document that names it touches on the attribute. */
export function composeAbsentQuestions(sources: readonly SourceText[], count: number): string[] {
  const questions: string[] = [];
  for (const title of new Set(sources.map((source) => source.title))) {
    const template = TEMPLATES[questions.length % TEMPLATES.length];
    if (questions.length >= count || template === undefined) break;
    const about = sources.filter((source) => source.title === title || source.text.includes(title));
    if (about.every(({ text }) => !template.isTouchedOn.test(text))) questions.push(template.ask(title.replaceAll("_", " ")));
  }
  return questions;
}
