/** Turns the text of a structured file into the text that is stored. */
import { csvToText } from "./csv-text.ts";
import { htmlToText } from "./html-text.ts";
import { jsonLinesToText, jsonToText } from "./json-text.ts";
import { Unparsable } from "./unparsable.ts";

/** Work for the converter; it must survive being sent to another process. */
export interface ConversionJob {
  readonly syntax: "html" | "csv" | "tsv" | "json" | "jsonl";
  readonly text: string;
  /** Of the result, in UTF-16 units. */
  readonly maxChars: number;
}

/** What became of a job. */
export type ConversionResult =
  | { readonly kind: "converted"; readonly text: string /** Empty when the file states none. */; readonly title: string }
  | { readonly kind: "refused"; readonly reason: string /** For the log alone. */; readonly detail?: string };

/** Converts; what is wrong with the text is told in the result. */
export function convert({ syntax, text, maxChars }: ConversionJob): ConversionResult {
  try {
    switch (syntax) {
      case "html": {
        const page = htmlToText(text);
        if (page.text.length > maxChars) throw new Unparsable(`as text it would be longer than ${maxChars} characters`);
        return { kind: "converted", ...page };
      }
      case "csv":
        return { kind: "converted", title: "", text: csvToText(text, { maxChars }) };
      case "tsv":
        return { kind: "converted", title: "", text: csvToText(text, { delimiter: "\t", maxChars }) };
      case "json":
        return { kind: "converted", title: "", text: jsonToText(text, { maxChars }) };
      case "jsonl":
        return { kind: "converted", title: "", text: jsonLinesToText(text, { maxChars }) };
    }
  } catch (error) {
    if (error instanceof Unparsable) return { kind: "refused", reason: error.message };
    if (error instanceof RangeError) return { kind: "refused", reason: "it is too deeply nested or too large to be converted" };
    return {
      kind: "refused",
      reason: "its conversion failed; the log says more",
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
