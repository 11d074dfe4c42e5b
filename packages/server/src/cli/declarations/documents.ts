/** Commands about documents. */
import { addCommand, addGroup, type CommandGroup } from "../command-line.ts";
import type { IngestOptions } from "../ingest.ts";
import type { UploadOptions } from "../upload.ts";

export function declareDocuments(group: CommandGroup): void {
  const documents = addGroup(group, "documents", "list, show and delete documents");
  addCommand<{ readonly path?: string }>(documents, "list", "documents by their paths", async (context, options) =>
    (await import("../documents.ts")).runDocumentsList(context, options),
  ).option("--path <prefix>", "only documents whose path begins with this");
  addCommand(documents, "show <document>", "the stored text of a document, by its id or path", async (context, _, operands) =>
    (await import("../documents.ts")).runDocumentsShow(context, operands),
  );
  addCommand<{ readonly yes: boolean }>(documents, "delete <document...>", "delete documents, by their ids or paths", async (...given) =>
    (await import("../documents.ts")).runDocumentsDelete(...given),
  ).option("--yes", "do not ask whether it is meant", false);

  addCommand<UploadOptions>(group, "upload <file...>", "upload files; - reads one from the standard input", async (...given) =>
    (await import("../upload.ts")).runUpload(...given),
  )
    .option("--as <path>", "path at the server, below uploads/, for one file")
    .option("--to <folder>", "folder at the server, below uploads/");

  addCommand<IngestOptions>(group, "ingest", "read the server's documents folder again", async (context, options) =>
    (await import("../ingest.ts")).runIngest(context, options),
  )
    .option("--job <id>", "follow a job that runs already")
    .option("--no-wait", "print the job's id as soon as it has begun");
}
