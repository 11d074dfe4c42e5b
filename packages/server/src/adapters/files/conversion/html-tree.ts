/** Parses a page into a tree with the shape every page has, without what a reader would not see. */
import { parseHTML } from "linkedom";
import { Unparsable } from "./unparsable.ts";

/** As deep as browsers go; deeper pages are made to do harm. */
const MAX_DEPTH = 512;

/** Elements that hold no prose, or none that is seen. */
const DROPPED = new Set(
  "SCRIPT STYLE NOSCRIPT TEMPLATE IFRAME OBJECT EMBED APPLET SVG CANVAS AUDIO VIDEO MAP INPUT SELECT TEXTAREA BUTTON DATALIST DIALOG LINK META".split(
    " ",
  ),
);

/** Where a page keeps its way around, as opposed to what it says. */
const NAVIGATION = 'nav, aside, footer, [role="navigation"], [role="contentinfo"], [role="search"]';

/** A page as parsed. */
export interface HtmlTree {
  readonly document: Document;
  readonly elementCount: number;
}

/**
 * The page with a `body` that holds everything outside its `head`. What scripts, style, embedded media and form controls hold is
 * dropped, and so is what is hidden by its own attributes; style sheets are not evaluated.
 *
 * @throws Unparsable when it is nested too deeply.
 */
export function parseHtml(html: string): HtmlTree {
  const { document } = parseHTML(/<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`);
  moveIntoBody(document);
  // Later steps would take line breaks within code for paragraphs.
  for (const lineBreak of document.querySelectorAll("pre br")) lineBreak.replaceWith("\n");
  let elementCount = 0;
  let depth = 0;
  let element: Element | null = document.documentElement;
  while (element !== null) {
    elementCount += 1;
    if (depth > MAX_DEPTH) throw new Unparsable(`its elements are nested more than ${MAX_DEPTH} levels deep`);
    const isDropped = isUnseen(element);
    if (!isDropped && element.firstElementChild !== null) {
      element = element.firstElementChild;
      depth += 1;
      continue;
    }
    const dropped = isDropped ? element : undefined;
    while (element !== null && element.nextElementSibling === null) {
      element = element.parentElement;
      depth -= 1;
    }
    element = element?.nextElementSibling ?? null;
    dropped?.remove();
  }
  const title = document.querySelector("title");
  if (title !== null && title.parentElement !== document.head) document.head.append(title);
  return { document, elementCount };
}

/** Takes away what surrounds the content of a page. */
export function removeNavigation(document: Document): void {
  for (const element of document.body.querySelectorAll(NAVIGATION)) element.remove();
}

/** The parser keeps elements where they were written; pages may leave out `head` and `body`. */
function moveIntoBody(document: Document): void {
  const root = document.documentElement;
  const { head, body } = document;
  for (const node of [...root.childNodes]) if (node !== head && node !== body) body.append(node);
}

function isUnseen(element: Element): boolean {
  const name = element.nodeName.toUpperCase();
  if (name === "HTML" || name === "BODY" || name === "HEAD") return false;
  if (DROPPED.has(name) || element.hasAttribute("hidden") || element.getAttribute("aria-hidden") === "true") return true;
  const style = element.getAttribute("style");
  return style !== null && /(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(style);
}
