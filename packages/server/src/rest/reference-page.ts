/** The page that shows the reference: its markup, its files by names that hold their digests, and what a browser may load for it. */
import type { ReferenceViewer } from "../services.ts";
import { sha256 } from "../web-digest.ts";

export interface PageFile {
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface ReferencePage {
  readonly html: string;
  /** By their names in `/docs/`. */
  readonly files: ReadonlyMap<string, PageFile>;
}

/** Nothing comes from elsewhere and nothing goes there; Swagger UI has its icons as `data:` in its style sheet. */
export const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
} as const;

/** Addresses are relative, for a server behind a path of a proxy. No validator badge: it would ask a server elsewhere. */
const START = `"use strict";
window.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    tryItOutEnabled: true,
    validatorUrl: null,
  });
});
`;

const LOOK = `body { margin: 0; }
.swagger-ui .info { margin: 24px 0; }
`;

const utf8 = new TextEncoder();

/** Twelve digits tell the versions of one file apart. */
const DIGEST_DIGITS = 12;

export async function createReferencePage(viewer: ReferenceViewer): Promise<ReferencePage> {
  const { script, style } = await viewer.load();
  const files = new Map<string, PageFile>();
  const add = async (name: string, extension: "js" | "css", content: Uint8Array): Promise<string> => {
    const body = new Uint8Array(content);
    const fullName = `${name}.${(await sha256(body)).slice(0, DIGEST_DIGITS)}.${extension}`;
    files.set(fullName, { contentType: extension === "js" ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8", body });
    return fullName;
  };
  const styles = [await add("viewer", "css", style), await add("page", "css", utf8.encode(LOOK))];
  const scripts = [await add("viewer", "js", script), await add("page", "js", utf8.encode(START))];
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>RAG Personal: API reference</title>
<link rel="icon" href="data:,">
${styles.map((file) => `<link rel="stylesheet" href="docs/${file}">`).join("\n")}
${scripts.map((file) => `<script src="docs/${file}" defer></script>`).join("\n")}
</head>
<body>
<noscript>This page needs JavaScript. The document it shows is <a href="openapi.json">openapi.json</a>.</noscript>
<main id="reference"></main>
</body>
</html>
`;
  return { html, files };
}
