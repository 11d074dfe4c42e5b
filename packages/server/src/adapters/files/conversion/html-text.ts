/** Turns an HTML page into the Markdown of what it says. */
import { Readability } from "@mozilla/readability";
import { parseHtml, removeNavigation } from "./html-tree.ts";
import { writeMarkdown } from "./markdown-writer.ts";

/** Finding the article takes more than linear time; larger pages are taken whole. */
const MAX_ARTICLE_ELEMENTS = 20_000;
/** An article with less than this share of the page's text, navigation left aside, is a wrong guess. */
const MIN_ARTICLE_SHARE = 0.5;

/** A page as text. */
export interface HtmlText {
  /** Of `<title>` or the first `<h1>`; may be empty. */
  readonly title: string;
  readonly text: string;
}

/**
 * The article of a page where Readability finds one that holds most of the page's text, else the body without its navigation. The
 * title heads the text, unless the text begins with a heading that repeats it.
 *
 * @throws Unparsable when the page is nested too deeply.
 */
export function htmlToText(html: string): HtmlText {
  const { document, elementCount } = parseHtml(html);
  const heading = oneLine(document.querySelector("h1")?.textContent);
  const title = oneLine(document.querySelector("title")?.textContent) || heading;
  removeNavigation(document);
  if (elementCount > MAX_ARTICLE_ELEMENTS) return { title, text: withTitle(writeMarkdown(document.body), heading || title) };
  const pageChars = countChars(document.body);
  const article = findArticle(document);
  if (article !== undefined && countChars(article.content) >= pageChars * MIN_ARTICLE_SHARE) {
    const articleTitle = oneLine(article.title) || title;
    return { title: articleTitle, text: withTitle(writeMarkdown(article.content), heading || articleTitle) };
  }
  // The search took the tree apart.
  const whole = parseHtml(html).document;
  removeNavigation(whole);
  return { title, text: withTitle(writeMarkdown(whole.body), heading || title) };
}

function findArticle(document: Document): { readonly title: string; readonly content: HTMLElement } | undefined {
  try {
    const article = new Readability<Node>(document, { serializer: (node) => node, keepClasses: true }).parse();
    const content = article?.content;
    return article === null || !isElement(content) ? undefined : { title: article.title ?? "", content };
  } catch {
    // It gives up on odd pages in many ways; the body is there for them.
    return undefined;
  }
}

function isElement(node: Node | null | undefined): node is HTMLElement {
  return node?.nodeType === 1;
}

/** The words without their spaces, so that indentation does not count. */
function countChars(element: HTMLElement): number {
  return (element.textContent ?? "").replace(/\s+/g, "").length;
}

function withTitle(markdown: string, title: string): string {
  if (title === "" || markdown === "") return markdown;
  const firstLine = markdown.slice(0, title.length + 10).split("\n", 1)[0] ?? "";
  return firstLine.replace(/^#{1,6} /, "") === title ? markdown : `# ${title}\n\n${markdown}`;
}

function oneLine(text: string | null | undefined): string {
  return (text ?? "").replace(/\s+/g, " ").trim();
}
