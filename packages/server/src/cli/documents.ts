/** `rag documents`: what the server holds. */
import type { Client, DeletionReceipt } from "@rag-personal/client";
import { confirm } from "./asking-back.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { printable } from "./output.ts";
import { formatTable } from "./table.ts";

/** Prints documents page by page, so that a long list begins at once. */
export async function runDocumentsList(context: Context, { path }: { readonly path?: string }): Promise<number> {
  const { output, signal } = context;
  const { documents } = await context.connect();
  for await (const page of documents.list({ pathPrefix: path }, { signal }).pages()) {
    if (output.json) for (const document of page.documents) output.data(document, () => "");
    else if (page.documents.length > 0)
      output.write(
        `${formatTable(page.documents.map(({ id, path: where, chunkCount, sizeBytes, updatedAt }) => [id, updatedAt.slice(0, 10), `${sizeBytes} B`, `${chunkCount} chunks`, where]))}\n`,
      );
  }
  return EXIT.ok;
}

/** Prints the text as it is stored; a terminal is spared what steers it. */
export async function runDocumentsShow(context: Context, [idOrPath = ""]: readonly string[]): Promise<number> {
  const { output, signal, stdout } = context;
  const { documents } = await context.connect();
  const document = await documents.get(await findDocument(documents, idOrPath, signal), { signal });
  output.data(document, () => (stdout.isTTY === true ? printable(document.text) : document.text));
  return EXIT.ok;
}

export async function runDocumentsDelete(context: Context, { yes }: { readonly yes: boolean }, idsOrPaths: readonly string[]): Promise<number> {
  const { output, signal } = context;
  const { documents } = await context.connect();
  const ids: string[] = [];
  for (const idOrPath of idsOrPaths) ids.push(await findDocument(documents, idOrPath, signal));
  if (!yes) await confirm(context, `Delete ${idsOrPaths.join(", ")} from every store of the server?`);
  for (const id of ids) {
    const receipt = await documents.delete(id, { signal });
    output.data(receipt, () => describeReceipt(receipt));
  }
  return EXIT.ok;
}

function describeReceipt({ path, rows, vectors }: DeletionReceipt): string {
  const pending = vectors?.chunks === "pending" ? "; its vectors go as soon as their store is back" : "";
  return printable(`${path}: deleted with ${rows.chunks} ${rows.chunks === 1 ? "chunk" : "chunks"}${pending}`);
}

/** @throws CliError when no document has this id or path. */
async function findDocument(documents: Client["documents"], idOrPath: string, signal: AbortSignal): Promise<string> {
  if (/^doc_[0-9a-f]+$/.test(idOrPath)) return idOrPath;
  // The list is in the order of paths: if one is exactly this, it comes first.
  for await (const { id, path } of documents.list({ pathPrefix: idOrPath, limit: 1 }, { signal })) {
    if (path === idOrPath) return id;
    break;
  }
  throw new CliError(EXIT.notFound, `There is no document "${idOrPath}": "rag documents list" shows ids and paths.`);
}
