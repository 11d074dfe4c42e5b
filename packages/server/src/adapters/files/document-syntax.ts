/** Which files are documents, told by their names; what is in them decides later whether they can be read. */
import type { DocumentFormat } from "@rag-personal/core";

/** How a file is written. Finer than {@link DocumentFormat}, which says how its text is stored. */
export type DocumentSyntax = "markdown" | "text" | "html" | "csv" | "tsv" | "json" | "jsonl";

const SYNTAX_BY_EXTENSION: ReadonlyMap<string, DocumentSyntax> = new Map([
  ["md", "markdown"],
  ["markdown", "markdown"],
  ["mdx", "markdown"],
  ["txt", "text"],
  ["text", "text"],
  ["html", "html"],
  ["htm", "html"],
  ["csv", "csv"],
  ["tsv", "tsv"],
  ["json", "json"],
  ["jsonl", "jsonl"],
  ["ndjson", "jsonl"],
]);

/** Names that by custom hold plain text and have no extension. */
const BARE_TEXT_NAME =
  /^(?:readme|licen[cs]e|copying|notice|changelog|changes|history|news|authors|contributors|maintainers|contributing|code_of_conduct|install|todo|security)$/i;

/**
 * The syntax of a file by its name, without folders; undefined when it is not a document.
 *
 * @example
 * syntaxOf("Notes.MD"); // "markdown"
 */
export function syntaxOf(name: string): DocumentSyntax | undefined {
  const dot = name.lastIndexOf(".");
  if (dot === -1) return BARE_TEXT_NAME.test(name) ? "text" : undefined;
  return SYNTAX_BY_EXTENSION.get(name.slice(dot + 1).toLowerCase());
}

/** The format that text of this syntax is stored in. */
export function formatOf(syntax: DocumentSyntax): DocumentFormat {
  switch (syntax) {
    case "markdown":
    case "text":
    case "html":
    case "csv":
    case "json":
      return syntax;
    case "tsv":
      return "csv";
    case "jsonl":
      return "json";
  }
}
