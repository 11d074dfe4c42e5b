/** How files come in over HTTP, which takes what not every runtime has. */
import type { Context } from "hono";
import type { ReceivedFile } from "../uploads/uploads.ts";
import type { HttpEnvironment } from "./environment.ts";

export interface FileReception {
  /** The body as a file, whatever type it is sent as. @throws RagError for a form, and for more than `maxBytes`. */
  body(c: Context<HttpEnvironment>, maxBytes: number): Promise<ReceivedFile>;
  /** What a form says: the field `file`, and the field `path` or else the name of that file. @throws RagError */
  form(c: Context<HttpEnvironment>, maxBytes: number): Promise<{ readonly path: string; readonly file: ReceivedFile }>;
}

export const isForm = (c: Context<HttpEnvironment>): boolean => /^multipart\/form-data\s*(?:;|$)/i.test(c.req.header("content-type") ?? "");
