/** `/openapi.json` and `/docs`: the reference of the API, made once and served from here alone. */
import { RagError } from "@rag-personal/core";
import type { Context } from "hono";
import * as z from "zod";
import { nothing } from "../api/fields.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import { authorise } from "../policy.ts";
import type { ReferenceViewer } from "../services.ts";
import { sha256 } from "../web-digest.ts";
import { ROUTE_DESCRIPTIONS } from "./descriptions/all.ts";
import { createOpenApiDocument } from "./openapi/document.ts";
import { createReferencePage, PAGE_HEADERS } from "./reference-page.ts";
import { type Route, readInput } from "./route.ts";

const FOR_EVER = "public, max-age=31536000, immutable";
const ASKED_FOR_AGAIN = "no-cache";

/** What the document says of itself. */
const openApiDocument = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.looseObject({}),
});

const fileName = z.strictObject({ file: z.string().min(1).max(200) });

/** A text that browsers keep, and ask for again by its tag. */
interface TaggedText {
  readonly body: string;
  readonly tag: string;
}

const tagged = async (body: string): Promise<TaggedText> => ({ body, tag: `"${(await sha256(body)).slice(0, 32)}"` });

/** Makes it at its first use, and again only if that failed. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** @returns the routes, and those of their reference, which is made at its first use: a start need not wait for it. */
export function withReference(routes: readonly Route[], viewer: ReferenceViewer): readonly Route[] {
  const page = once(() => createReferencePage(viewer));
  const pageText = once(async () => await tagged((await page()).html));
  const documentText = once(() => tagged(JSON.stringify(createOpenApiDocument(all, ROUTE_DESCRIPTIONS))));
  const common = { method: "GET", operation: "docs.read", status: 200, event: undefined } as const;
  const all: readonly Route[] = [
    ...routes,
    {
      ...common,
      path: "/openapi.json",
      takes: "nowhere",
      input: nothing,
      output: openApiDocument,
      async handle(c) {
        await authorise("docs.read", c.get("principal"));
        return taggedResponse(c, await documentText(), { "content-type": "application/json" });
      },
    },
    {
      ...common,
      path: "/docs",
      takes: "nowhere",
      input: nothing,
      output: undefined,
      async handle(c) {
        await authorise("docs.read", c.get("principal"));
        return taggedResponse(c, await pageText(), { "content-type": "text/html; charset=utf-8", ...PAGE_HEADERS });
      },
    },
    {
      ...common,
      path: "/docs/:file",
      takes: "path",
      input: fileName,
      output: undefined,
      async handle(c) {
        await authorise("docs.read", c.get("principal"));
        const { file: name } = await readInput(c, "path", fileName, undefined);
        const file = (await page()).files.get(name);
        if (file === undefined) throw new RagError("not_found", "The reference page has no such file. GET /docs names them all.");
        return c.body(file.body, 200, { "content-type": file.contentType, "cache-control": FOR_EVER });
      },
    },
  ];
  return all;
}

function taggedResponse(c: Context<HttpEnvironment>, { body, tag }: TaggedText, headers: Readonly<Record<string, string>>): Response {
  const caching = { etag: tag, "cache-control": ASKED_FOR_AGAIN };
  const known = c.req
    .header("if-none-match")
    ?.split(",")
    .map((one) => one.trim().replace(/^W\//, ""));
  if (known?.includes(tag) === true) return c.body(null, 304, caching);
  return c.body(body, 200, { ...headers, ...caching });
}
