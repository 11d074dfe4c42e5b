/** Writes a tree of HTML as Markdown: headings, lists, fenced code, tables. */
import Turndown from "turndown";
import { writeTable } from "./markdown-table.ts";

/**
 * The Markdown of an element. Links keep their address when it leads somewhere by itself (http, https, mailto); images leave their
 * description. Text is not escaped, so that it can be quoted as it was written, except where it would begin a heading or a fence.
 */
export function writeMarkdown(element: HTMLElement): string {
  return createWriter().turndown(element).trim();
}

function createWriter(): Turndown {
  const writer = new Turndown({ headingStyle: "atx", codeBlockStyle: "fenced", bulletListMarker: "-", emDelimiter: "*", hr: "---", br: "" });
  writer.escape = (text) => text.replace(/^(#{1,6}\s|```|~~~)/, "\\$1");
  writer.addRule("code", { filter: "pre", replacement: (_, node) => fence(node.textContent ?? "", languageOf(node)) });
  writer.addRule("link", { filter: "a", replacement: (content, node) => link(content, node.getAttribute("href") ?? "") });
  writer.addRule("image", { filter: "img", replacement: (_, node) => (node.getAttribute("alt") ?? "").replace(/\s+/g, " ").trim() });
  writer.addRule("listItem", { filter: "li", replacement: createListItemRule() });
  writer.addRule("term", { filter: "dt", replacement: (content) => `\n\n${content.trim()}\n` });
  writer.addRule("definition", { filter: "dd", replacement: (content) => `\n${content.trim()}\n\n` });
  // Cells are written before their table is.
  const cells = new WeakMap<Element, string>();
  writer.addRule("cell", {
    filter: ["td", "th", "caption"],
    replacement: (content, node) => {
      cells.set(node, content.replace(/\s+/g, " ").trim());
      return `\n\n${content.trim()}\n\n`;
    },
  });
  writer.addRule("table", {
    filter: "table",
    replacement: (content, node) => writeTable(node, (cell) => cells.get(cell) ?? "") ?? `\n\n${content}\n\n`,
  });
  return writer;
}

/** Turndown's own rule counts the items before each item anew, which takes minutes for a list of 100,000. */
function createListItemRule(): (content: string, node: HTMLElement) => string {
  const numbers = new WeakMap<Element, number>();
  return (content, node) => {
    const list = node.parentElement;
    let mark = "- ";
    if (list?.nodeName === "OL") {
      const start = Number(list.getAttribute("start") ?? "1");
      const number = numbers.get(list) ?? (Number.isSafeInteger(start) && start >= 0 ? start : 1);
      numbers.set(list, number + 1);
      mark = `${number}. `;
    }
    const body = content.trim().replace(/\n(?=.)/g, `\n${" ".repeat(mark.length)}`);
    return `${mark}${body}${content.endsWith("\n\n") ? "\n" : ""}\n`;
  };
}

/** The fence is longer than any in the code. */
function fence(code: string, language: string): string {
  if (code.trim() === "") return "";
  const longest = (code.match(/^[ \t]*`{3,}/gm) ?? []).reduce((length, run) => Math.max(length, run.trim().length), 2);
  const marks = "`".repeat(longest + 1);
  return `\n\n${marks}${language}\n${code.trimEnd().replace(/^\n+/, "")}\n${marks}\n\n`;
}

function languageOf(pre: HTMLElement): string {
  const classes = [pre, pre.firstElementChild, pre.parentElement].map((element) => element?.getAttribute("class") ?? "").join(" ");
  return /(?:^|\s)(?:language-|lang-|highlight-source-)([\w#+-]+)/.exec(classes)?.[1] ?? "";
}

function link(content: string, address: string): string {
  const words = content.trim();
  if (words === "" || !/^(?:https?:|mailto:)/i.test(address) || words.includes("\n") || /[\s<>()]/.test(address)) return content;
  return words === address ? words : `[${words}](${address})`;
}
