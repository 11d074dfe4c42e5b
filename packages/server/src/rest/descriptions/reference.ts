/** Of the routes of the reference itself. */
import type { RouteDescriptions } from "../openapi/route-description.ts";

const CACHING = {
  ETag: {
    description: "Sent as `If-None-Match`, it spares the body (304) as long as nothing changed.",
    example: '"b5bb9d8014a0f9b1d61e21e796d78dcc"',
  },
  "Cache-Control": { description: "Kept, and asked for again before each use.", example: "no-cache" },
};

export const REFERENCE: RouteDescriptions = {
  "GET /openapi.json": {
    operationId: "getOpenApiDocument",
    tag: "Reference",
    summary: "Read this document",
    description: "The OpenAPI 3.1 document of all routes. `API_DOCS=off` hides it and the page.",
    success: "The document.",
    responses: {
      document: {
        summary: "Its beginning",
        value: { openapi: "3.1.0", info: { title: "RAG Personal", version: "1" }, paths: {} },
      },
    },
    headers: CACHING,
  },
  "GET /docs": {
    operationId: "getReferencePage",
    tag: "Reference",
    summary: "Open the reference in a browser",
    description: "A page that shows this document and can send its requests. Nothing on it comes from another server.",
    success: "The page.",
    texts: { "text/html": "<!doctype html>…" },
    headers: CACHING,
  },
  "GET /docs/:file": {
    operationId: "getReferenceFile",
    tag: "Reference",
    summary: "Get a file of the reference page",
    description: "The page names its files. A name holds the digest of its content, so that a file can be kept for ever.",
    parameters: { file: { description: "As the page names it.", example: "page.b5bb9d80.js" } },
    success: "The file.",
    texts: { "text/javascript": "window.ui = …", "text/css": "body { margin: 0 }" },
    headers: { "Cache-Control": { description: "Kept for ever.", example: "public, max-age=31536000, immutable" } },
    errors: ["not_found"],
  },
};
