/** The question that the banner suggests. */
import { basename } from "node:path";
import type { DocumentStore } from "@rag-personal/core";
import { EXAMPLE_DOCUMENTS } from "./config.ts";

/** The question that the example documents are best met with. */
const EXAMPLE_QUESTION = "Why is the goat called Admiral?";

/** One that fits the documents: the title of the first is at least something they know about. */
export async function chooseSampleQuestion(docsDir: string, documents: Pick<DocumentStore, "listDocuments">): Promise<string> {
  if (docsDir === EXAMPLE_DOCUMENTS) return EXAMPLE_QUESTION;
  const [first] = await documents.listDocuments();
  // The question stands inside a quoted JSON string on a shell's command line.
  const subject = (first?.title ?? basename(docsDir))
    .replaceAll(/[^\p{L}\p{N} .,-]/gu, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return `What is there to know about ${subject}?`;
}
