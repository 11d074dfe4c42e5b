/** The title of a document, from what it says of itself or else from its name. */
import { findFirstHeading } from "@rag-personal/core";

const MAX_TITLE_CHARS = 200;
/** How far into Markdown a first heading is looked for. */
const MARKDOWN_CHARS = 65_536;
/** In plain text only what stands at the top can be its title. */
const TEXT_CHARS = 1_000;

/** The title of Markdown or plain text: that of its front matter, else its first heading; undefined when it has neither. */
export function findTitle(text: string, format: "markdown" | "text"): string | undefined {
  const head = text.slice(0, format === "markdown" ? MARKDOWN_CHARS : TEXT_CHARS);
  return tidyTitle(frontMatterTitle(head) ?? findFirstHeading(head)?.title);
}

/**
 * A title made of a file's name.
 *
 * @example
 * titleOfPath("guides/green_tea-basics.md"); // "Green tea basics"
 */
export function titleOfPath(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const words = tidyTitle(name.replace(/(?<=.)\.[^.]*$/, "").replace(/[-_.]+/g, " ")) ?? name;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** One line, shortened; undefined when nothing is left. */
export function tidyTitle(title: string | undefined): string | undefined {
  const line = title?.replace(/[\s\p{Cc}]+/gu, " ").trim() ?? "";
  if (line === "") return undefined;
  return line.length <= MAX_TITLE_CHARS ? line : `${line.slice(0, MAX_TITLE_CHARS - 1).toWellFormed()}…`;
}

/** The value of `title:` in YAML front matter, when it is on that line. */
function frontMatterTitle(head: string): string | undefined {
  if (!/^---[ \t]*\n/.test(head)) return undefined;
  const end = /\n(?:---|\.\.\.)[ \t]*(?:\n|$)/.exec(head);
  if (end === null) return undefined;
  const value = /^title:[ \t]*(.*)$/im.exec(head.slice(0, end.index))?.[1]?.trim() ?? "";
  const quoted = /^(["'])(.*)\1$/.exec(value);
  if (quoted !== null) return quoted[1] === "'" ? quoted[2]?.replaceAll("''", "'") : quoted[2]?.replace(/\\(["\\])/g, "$1");
  return value === "" || /^[>|]/.test(value) ? undefined : value;
}
