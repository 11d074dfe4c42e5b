/** The documents as resources: `rag://documents/{id}`. */
import { type ListResourcesResult, type ReadResourceResult, ResourceNotFoundError, type ResourceTemplateType } from "@modelcontextprotocol/server";
import { RagError } from "@rag-personal/core";
import type * as z from "zod";
import type { Api } from "../api/api.ts";
import type { Caller, Immutable } from "../api/procedure.ts";
import { validate } from "../http/read-body.ts";

const PREFIX = "rag://documents/";
/** Documents of one page. */
const PAGE = 100;

export const DOCUMENT_TEMPLATE: ResourceTemplateType = {
  uriTemplate: `${PREFIX}{id}`,
  name: "document",
  title: "A document",
  description: "The stored text of a document. The ids stand in sources, in search hits and in the list of resources.",
};

type Summary = Immutable<z.output<Api["documents"]["list"]["output"]>>["documents"][number];

/** Of the stored text, not of the file: what was HTML, CSV or JSON has become text. */
const mimeTypeOf = ({ format }: Pick<Summary, "format">): string => (format === "markdown" ? "text/markdown" : "text/plain");

/** @throws RagError `invalid_request` for a cursor that was made up. */
export async function listResources({ documents }: Pick<Api, "documents">, cursor: string | undefined, caller: Caller): Promise<ListResourcesResult> {
  const page = await documents.list.run(validate(documents.list.input, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }), caller);
  return {
    resources: page.documents.map((document) => ({
      uri: `${PREFIX}${document.id}`,
      name: document.path,
      title: document.title,
      mimeType: mimeTypeOf(document),
      annotations: { lastModified: document.updatedAt },
    })),
    ...(page.nextCursor === null ? {} : { nextCursor: page.nextCursor }),
  };
}

/** @throws ResourceNotFoundError for an address that leads to nothing that the caller may see. */
export async function readResource({ documents }: Pick<Api, "documents">, uri: string, caller: Caller): Promise<ReadResourceResult> {
  const id = documents.get.input.safeParse({ id: uri.startsWith(PREFIX) ? uri.slice(PREFIX.length) : "" });
  if (!id.success) throw new ResourceNotFoundError(uri);
  try {
    const document = await documents.get.run(id.data, caller);
    return { contents: [{ uri, mimeType: mimeTypeOf(document), text: document.text }] };
  } catch (thrown) {
    throw thrown instanceof RagError && thrown.code === "not_found" ? new ResourceNotFoundError(uri) : thrown;
  }
}
